// Delays lane i by i cycles: what a wave front needs at the edge of the array.
module systolic_skew #(
    parameter integer LANES = 8,
    parameter integer WIDTH = 8
) (
    input  logic                   clk,
    input  logic                   reset,
    input  logic [LANES*WIDTH-1:0] in,
    output logic [LANES*WIDTH-1:0] out
);
  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
      if (i == 0) begin : g_direct
        assign out[WIDTH-1:0] = in[WIDTH-1:0];
      end else begin : g_delay
        logic [i*WIDTH-1:0] line;
        if (i == 1) begin : g_one
          always_ff @(posedge clk) line <= reset ? {WIDTH{1'b0}} : in[i*WIDTH+:WIDTH];
        end else begin : g_many
          always_ff @(posedge clk)
            line <= reset ? {i * WIDTH{1'b0}} : {line[(i-1)*WIDTH-1:0], in[i*WIDTH+:WIDTH]};
        end
        assign out[i*WIDTH+:WIDTH] = line[(i-1)*WIDTH+:WIDTH];
      end
    end
  endgenerate
endmodule
