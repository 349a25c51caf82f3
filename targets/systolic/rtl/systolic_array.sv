// ROWS x COLS multipliers with the delay lines at their edges.
//
// Row i of A comes in at the left in cycle s + i, all lanes at once; lane r is
// delayed by r, so that PE (r, c) works on it in cycle s + i + r + c. Weights
// and B come from above in the same manner. `partial` are the sums that leave
// the last row: column c those of row i in cycle s + i + ROWS - 1 + c.
module systolic_array #(
    parameter integer ROWS = 8,
    parameter integer COLS = 8,
    parameter integer OUTPUT_STATIONARY = 1
) (
    input  logic                    clk,
    input  logic                    reset,
    input  logic [      ROWS*8-1:0] a,
    input  logic                    swap,
    input  logic                    outer,
    input  logic                    clear,
    // One row of weights, and one bit for the row of the array that keeps it.
    input  logic [      COLS*8-1:0] weights,
    input  logic [        ROWS-1:0] capture,
    input  logic [      COLS*8-1:0] b,
    output logic [     COLS*32-1:0] partial,
    output logic [ROWS*COLS*32-1:0] sums
);
  localparam integer LEFT = 12;  // a, capture, swap, outer, clear

  logic [ROWS*LEFT-1:0] left, left_skewed;
  logic [COLS*8-1:0] weights_skewed, b_skewed;
  genvar r, c;

  generate
    for (r = 0; r < ROWS; r = r + 1) begin : g_left
      assign left[r*LEFT+:LEFT] = {clear, outer, swap, capture[r], a[r*8+:8]};
    end
  endgenerate
  systolic_skew #(
      .LANES(ROWS),
      .WIDTH(LEFT)
  ) skew_left (
      .clk  (clk),
      .reset(reset),
      .in   (left),
      .out  (left_skewed)
  );
  systolic_skew #(
      .LANES(COLS),
      .WIDTH(8)
  ) skew_weights (
      .clk  (clk),
      .reset(reset),
      .in   (weights),
      .out  (weights_skewed)
  );
  generate
    if (OUTPUT_STATIONARY != 0) begin : g_b
      systolic_skew #(
          .LANES(COLS),
          .WIDTH(8)
      ) skew_b (
          .clk  (clk),
          .reset(reset),
          .in   (b),
          .out  (b_skewed)
      );
    end else begin : g_no_b
      assign b_skewed = {COLS * 8{1'b0}};
    end
  endgenerate

  // Edge (r, c) is the left side of PE (r, c), and its upper side.
  logic [ROWS*(COLS+1)*LEFT-1:0] across;
  logic [(ROWS+1)*COLS*32-1:0] partials;
  logic [(ROWS+1)*COLS*8-1:0] down_weights, down_b;
  logic [ROWS*COLS*32-1:0] partial_now;

  assign partials[COLS*32-1:0] = {COLS * 32{1'b0}};
  assign down_weights[COLS*8-1:0] = weights_skewed;
  assign down_b[COLS*8-1:0] = b_skewed;
  generate
    for (r = 0; r < ROWS; r = r + 1) begin : g_row
      assign across[r*(COLS+1)*LEFT+:LEFT] = left_skewed[r*LEFT+:LEFT];
      for (c = 0; c < COLS; c = c + 1) begin : g_column
        localparam integer IN = (r * (COLS + 1) + c) * LEFT;
        localparam integer OUT = IN + LEFT;
        localparam integer ABOVE = r * COLS + c;
        localparam integer BELOW = ABOVE + COLS;
        systolic_pe #(
            .OUTPUT_STATIONARY(OUTPUT_STATIONARY)
        ) pe (
            .clk(clk),
            .a_in(across[IN+:8]),
            .capture_in(across[IN+8]),
            .swap_in(across[IN+9]),
            .outer_in(across[IN+10]),
            .clear_in(across[IN+11]),
            .a_out(across[OUT+:8]),
            .capture_out(across[OUT+8]),
            .swap_out(across[OUT+9]),
            .outer_out(across[OUT+10]),
            .clear_out(across[OUT+11]),
            .partial_in(partials[ABOVE*32+:32]),
            .weight_in(down_weights[ABOVE*8+:8]),
            .b_in(down_b[ABOVE*8+:8]),
            .partial_out(partials[BELOW*32+:32]),
            .weight_out(down_weights[BELOW*8+:8]),
            .b_out(down_b[BELOW*8+:8]),
            .partial_now(partial_now[ABOVE*32+:32]),
            .sum(sums[ABOVE*32+:32])
        );
      end
    end
  endgenerate
  assign partial = partial_now[(ROWS-1)*COLS*32+:COLS*32];
endmodule
