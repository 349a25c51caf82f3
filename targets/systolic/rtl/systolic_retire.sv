// Completes the instructions of the execute unit in the order in which they
// started, one a cycle at most: a token then stands for one instruction.
//
// Instructions of one kind finish in order; how many have is counted.
module systolic_retire #(
    parameter integer DEPTH = 32
) (
    input  logic       clk,
    input  logic       reset,
    input  logic       start,
    input  logic [1:0] kind,
    input  logic [3:0] tokens,
    // Bit by kind: one finishes at the end of this cycle.
    input  logic [3:0] finish,
    output logic       full,
    // Tokens of the one that completes at the end of this cycle.
    output logic [3:0] give,
    // All are complete after this cycle.
    output logic       rests
);
  localparam integer BITS = $clog2(DEPTH);
  localparam logic [BITS-1:0] LAST = DEPTH - 1;
  localparam logic [BITS:0] FULL = DEPTH;
  logic [5:0] entries[0:DEPTH-1];
  logic [BITS-1:0] first, next;
  logic [BITS:0] count;
  logic [4*(BITS+1)-1:0] finished;
  logic [5:0] head;
  logic completes;
  integer k;

  assign full = count == FULL;
  assign head = count == 0 ? {kind, tokens} : entries[first];
  assign completes = (start || count != 0) &&
      (finish[head[5:4]] || finished[head[5:4]*(BITS+1)+:BITS+1] != 0);
  assign give = completes ? head[3:0] : 4'd0;
  assign rests = completes ? count + {{BITS{1'b0}}, start} == 1 : count == 0 && !start;

  always_ff @(posedge clk) begin
    if (start) entries[next] <= {kind, tokens};
    if (reset) begin
      first <= 0;
      next <= 0;
      count <= 0;
      finished <= 0;
    end else begin
      if (start) next <= next == LAST ? 0 : next + 1'b1;
      if (completes) first <= first == LAST ? 0 : first + 1'b1;
      count <= count + {{BITS{1'b0}}, start} - {{BITS{1'b0}}, completes};
      for (k = 0; k < 4; k = k + 1)
        finished[k*(BITS+1)+:BITS+1] <= finished[k*(BITS+1)+:BITS+1] + {{BITS{1'b0}}, finish[k]} -
            {{BITS{1'b0}}, completes && head[5:4] == k};
    end
  end
endmodule
