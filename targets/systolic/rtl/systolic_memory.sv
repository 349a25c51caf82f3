// A memory of LANES banks whose ports read and write whole rows, each write
// with a mask of lanes.
module systolic_memory #(
    parameter integer LANES  = 8,
    parameter integer ROWS   = 64,
    parameter integer READS  = 1,
    parameter integer WRITES = 1
) (
    input  logic                      clk,
    input  logic [      READS*24-1:0] read_row,
    output logic [ READS*LANES*8-1:0] read_data,
    input  logic [  WRITES*LANES-1:0] write,
    input  logic [     WRITES*24-1:0] write_row,
    input  logic [WRITES*LANES*8-1:0] write_data
);
  genvar l, p;
  generate
    for (l = 0; l < LANES; l = l + 1) begin : g_lane
      logic [ READS*8-1:0] lane_read;
      logic [  WRITES-1:0] lane_write;
      logic [WRITES*8-1:0] lane_data;
      for (p = 0; p < READS; p = p + 1) begin : g_read
        assign read_data[(p*LANES+l)*8+:8] = lane_read[p*8+:8];
      end
      for (p = 0; p < WRITES; p = p + 1) begin : g_write
        assign lane_write[p] = write[p*LANES+l];
        assign lane_data[p*8+:8] = write_data[(p*LANES+l)*8+:8];
      end
      systolic_bank #(
          .WIDTH (8),
          .ROWS  (ROWS),
          .READS (READS),
          .WRITES(WRITES)
      ) bank (
          .clk(clk),
          .read_row(read_row),
          .read_data(lane_read),
          .write(lane_write),
          .add({WRITES{1'b0}}),
          .write_row(write_row),
          .write_data(lane_data)
      );
    end
  endgenerate
endmodule
