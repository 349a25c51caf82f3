// One multiplier of the array.
//
// Activations, their control and the bits that place weights travel to the
// right; weights, the operand B and sums travel down: one element a cycle.
// Weight stationary: `swap` comes with the first row of a multiply, and makes
// the second weight the first just as that row arrives. Output stationary: the
// product stays here, in `sum`.
module systolic_pe #(
    parameter integer OUTPUT_STATIONARY = 1
) (
    input  logic        clk,
    // From the left, to the right.
    input  logic [ 7:0] a_in,
    input  logic        swap_in,
    input  logic        capture_in,
    input  logic        outer_in,
    input  logic        clear_in,
    output logic [ 7:0] a_out,
    output logic        swap_out,
    output logic        capture_out,
    output logic        outer_out,
    output logic        clear_out,
    // From above, to below.
    input  logic [31:0] partial_in,
    input  logic [ 7:0] weight_in,
    input  logic [ 7:0] b_in,
    output logic [31:0] partial_out,
    output logic [ 7:0] weight_out,
    output logic [ 7:0] b_out,
    // What partial_out becomes: the last row's goes into the accumulator.
    output logic [31:0] partial_now,
    output logic [31:0] sum
);
  logic signed [7:0] first, second;
  logic signed [7:0] operand;
  logic signed [15:0] product;

  assign operand = outer_in ? b_in : swap_in ? second : first;
  assign product = $signed(a_in) * operand;
  assign partial_now = partial_in + {{16{product[15]}}, product};

  always_ff @(posedge clk) begin
    a_out <= a_in;
    swap_out <= swap_in;
    capture_out <= capture_in;
    outer_out <= outer_in;
    clear_out <= clear_in;
    partial_out <= partial_now;
    weight_out <= weight_in;
    if (swap_in) first <= second;
    if (capture_in) second <= weight_in;
  end

  generate
    if (OUTPUT_STATIONARY != 0) begin : g_outer
      always_ff @(posedge clk) begin
        b_out <= b_in;
        if (outer_in) sum <= (clear_in ? 32'd0 : sum) + {{16{product[15]}}, product};
      end
    end else begin : g_no_outer
      assign b_out = 8'd0;
      assign sum   = 32'd0;
    end
  endgenerate
endmodule
