// Reads the program in order and puts one instruction a cycle into the queue of
// its unit. A fence, and the halt, wait for the units to rest.
module systolic_dispatcher (
    input  logic         clk,
    input  logic         reset,
    input  logic [ 31:0] first,
    output logic [ 31:0] pc,
    input  logic [127:0] instruction,
    input  logic [  3:0] full,
    output logic [  3:0] push,
    // No unit has work left after this cycle.
    input  logic         all_rest,
    // The last cycle of the entry.
    output logic         done,
    // An opcode without a unit: the machine stops.
    output logic         unknown
);
  logic [3:0] group, unit;
  logic sync, stopped;

  assign group = instruction[7:4];
  assign sync = instruction[7:1] == 0;
  assign unit = group == 4'd1 ? 4'b0001 : group == 4'd2 ? 4'b0010 : group == 4'd3 ? 4'b0100 :
      group == 4'd4 ? 4'b1000 : 4'b0000;
  assign unknown = !stopped && !sync && unit == 0;
  assign push = stopped ? 4'b0000 : unit & ~full;
  assign done = !stopped && sync && !instruction[0] && all_rest;

  always_ff @(posedge clk)
    if (reset) begin
      pc <= first;
      stopped <= 1'b0;
    end else begin
      if (push != 0 || (sync && all_rest)) pc <= pc + 1;
      if (done || unknown) stopped <= 1'b1;
    end
endmodule
