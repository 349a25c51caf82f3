// The counters between the units, [from][to]: what waits may start, and what
// starts takes its tokens.
module systolic_tokens (
    input  logic        clk,
    input  logic        reset,
    // Bit 4 q + p: the instruction at the head of queue q waits for unit p.
    input  logic [15:0] waits,
    input  logic [ 3:0] pop,
    // Bit 4 q + p: unit q gives one to unit p at the end of this cycle.
    input  logic [15:0] gives,
    output logic [ 3:0] ready,
    output logic        left
);
  logic [16*16-1:0] counts;
  logic [15:0] have, take;
  integer q, p;

  always_comb begin
    for (q = 0; q < 4; q = q + 1)
    for (p = 0; p < 4; p = p + 1) begin
      have[4*q+p] = counts[(4*p+q)*16+:16] != 0;
      take[4*p+q] = pop[q] && waits[4*q+p];
    end
    for (q = 0; q < 4; q = q + 1) ready[q] = (waits[4*q+:4] & ~have[4*q+:4]) == 0;
    left = counts != 0;
  end

  always_ff @(posedge clk)
    for (q = 0; q < 16; q = q + 1)
    if (reset) counts[q*16+:16] <= 0;
    else
      counts[q*16+:16] <= counts[q*16+:16] + {15'd0, gives[q]} - {15'd0, take[q]};
endmodule
