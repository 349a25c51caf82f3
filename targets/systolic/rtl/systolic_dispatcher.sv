// Reads the program in order and puts one instruction a cycle into the queue of
// its unit. A fence, and the halt, wait for the units to rest.
//
// Loops: the body of the outermost one is kept in a buffer as it is read. From
// then on it comes from there, with the fields that its steps have advanced. A
// jump back takes no cycle.
module systolic_dispatcher #(
    parameter integer LOOP_LENGTH = 1024
) (
    input  logic         clk,
    input  logic         reset,
    input  logic [ 31:0] first,
    output logic [ 31:0] pc,
    input  logic [127:0] instruction,
    input  logic [  3:0] full,
    output logic [  3:0] push,
    output logic [127:0] pushed,
    // No unit has work left after this cycle.
    input  logic         all_rest,
    // The last cycle of the entry.
    output logic         done,
    // An opcode without a unit: the machine stops.
    output logic         unknown
);
  localparam integer BITS = $clog2(LOOP_LENGTH);
  logic [127:0] buffer[0:LOOP_LENGTH-1];
  // Behind the last instruction that the buffer has, and where it starts.
  logic [31:0] filled, base;
  logic [BITS-1:0] place;

  // Loop 0 is the outermost one.
  logic [2:0] depth;
  logic [31:0] begins[0:3], ends[0:3], left[0:3];
  // What the next instruction's fields advance by: {b32, a32} of each level.
  logic [63:0] steps[0:3];

  logic [127:0] current, advanced;
  logic [3:0] group, unit;
  logic sync, loop, step, stopped, issued, looping;
  assign looping = depth != 0;
  assign place = pc[BITS-1:0] - base[BITS-1:0];
  assign current = looping && pc < filled ? buffer[place] : instruction;

  assign group = current[7:4];
  assign sync = current[7:1] == 0;
  assign loop = current[7:0] == 8'd2;
  assign step = current[7:0] == 8'd3;
  assign unit = group == 4'd1 ? 4'b0001 : group == 4'd2 ? 4'b0010 : group == 4'd3 ? 4'b0100 :
      group == 4'd4 ? 4'b1000 : 4'b0000;
  assign unknown = !stopped && !sync && !loop && !step && unit == 0;
  assign push = stopped ? 4'b0000 : unit & ~full;
  assign pushed = current;
  assign done = !stopped && sync && !current[0] && all_rest;
  assign issued = push != 0 || (!stopped && sync && all_rest);

  // The innermost loop that goes on: the level of the step, and how many loops
  // there are after this instruction if it is the last of their bodies.
  logic goes_on, jumps;
  logic [1:0] level, last;
  logic [2:0] depth_after;
  logic [31:0] target;
  integer i;
  always_comb begin
    goes_on = 1'b0;
    level   = 2'd0;
    for (i = 0; i < 4; i = i + 1)
      if (i < depth && left[i] != 1) begin
        goes_on = 1'b1;
        level   = depth - 1 - i;
      end
    jumps = 1'b0;
    last = 2'd0;
    depth_after = depth;
    target = pc + 1;
    for (i = 3; i >= 0; i = i - 1)
      if (!jumps && i < depth && ends[i] == pc + 1) begin
        if (left[i] != 1) begin
          jumps  = 1'b1;
          last   = i;
          target = begins[i];
        end else depth_after = i;
      end
  end
  logic [63:0] advance;
  assign advance  = goes_on ? steps[level] : 64'd0;
  assign advanced = {
    current[127:96], current[95:64] + advance[63:32], current[63:32] + advance[31:0], current[31:0]
  };

  always_ff @(posedge clk)
    if (reset) begin
      pc <= first;
      stopped <= 1'b0;
      depth <= 3'd0;
      filled <= 32'd0;
      base <= 32'd0;
      for (i = 0; i < 4; i = i + 1) steps[i] <= 64'd0;
    end else begin
      if (!stopped && (loop || step)) pc <= pc + 1;
      else if (issued) pc <= target;
      if (!stopped && loop) begin
        begins[depth[1:0]] <= pc + 1;
        ends[depth[1:0]] <= pc + 1 + {16'd0, current[111:96]};
        left[depth[1:0]] <= current[63:32];
        depth <= depth + 1'b1;
        if (!looping) begin
          base   <= pc + 1;
          filled <= pc + 1;
        end
      end
      if (!stopped && step) steps[current[17:16]] <= current[95:32];
      if (issued) begin
        depth <= depth_after;
        for (i = 0; i < 4; i = i + 1) steps[i] <= 64'd0;
        if (jumps) left[last] <= left[last] - 1;
      end
      if (looping && (issued || (!stopped && (loop || step)))) begin
        buffer[place] <= unit != 0 ? advanced : current;
        if (pc == filled) filled <= pc + 1;
      end
      if (done || unknown) stopped <= 1'b1;
    end
endmodule
