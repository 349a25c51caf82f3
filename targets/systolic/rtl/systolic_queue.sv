// The instructions that wait for a unit. One that starts leaves; its place can
// be taken in the next cycle.
module systolic_queue #(
    parameter integer DEPTH = 16
) (
    input  logic         clk,
    input  logic         reset,
    input  logic         push,
    input  logic [127:0] in,
    output logic         full,
    input  logic         pop,
    output logic         valid,
    output logic [127:0] head,
    // Nothing waits after this cycle.
    output logic         rests
);
  localparam integer BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
  localparam logic [BITS-1:0] LAST = DEPTH - 1;
  localparam logic [BITS:0] FULL = DEPTH;
  logic [127:0] entries[0:DEPTH-1];
  logic [BITS-1:0] first, next;
  logic [BITS:0] count;

  assign full  = count == FULL;
  assign valid = count != 0;
  assign head  = entries[first];
  assign rests = !push && (count == 0 || (count == 1 && pop));

  always_ff @(posedge clk) begin
    if (push) entries[next] <= in;
    if (reset) begin
      first <= 0;
      next  <= 0;
      count <= 0;
    end else begin
      if (push) next <= next == LAST ? 0 : next + 1'b1;
      if (pop) first <= first == LAST ? 0 : first + 1'b1;
      count <= count + {{BITS{1'b0}}, push} - {{BITS{1'b0}}, pop};
    end
  end
endmodule
