// The vector unit: one row a cycle, between rows of the scratchpad and of the
// accumulator. Integers only.
module systolic_vector #(
    parameter integer LANES = 8,
    parameter integer COLS  = 8
) (
    input  logic               clk,
    input  logic               reset,
    input  logic               ready,
    input  logic [      127:0] head,
    output logic               pop,
    output logic [        3:0] give,
    output logic               rests,
    // Rows of the scratchpad: source, and what the destination holds.
    output logic [       23:0] from_row,
    input  logic [LANES*8-1:0] from_data,
    output logic [       23:0] to_row,
    input  logic [LANES*8-1:0] to_data,
    output logic               write,
    output logic [LANES*8-1:0] write_data,
    // Words that are added to row `to_row` of the accumulator.
    output logic               add_sums,
    output logic [COLS*32-1:0] sums_data,
    output logic               unknown
);
  localparam integer TABLE_ROWS = (256 + LANES - 1) / LANES;

  logic running;
  logic [127:0] held, ins;
  logic go, is_config, is_table, is_map, is_max, is_sum, is_copy, walks, done;

  assign ins = running ? held : head;
  assign go = running || ready;
  assign pop = !running && ready;
  assign is_config = ins[7:0] == 8'h40;
  assign is_table = ins[7:0] == 8'h42;
  assign is_map = ins[7:0] == 8'h43;
  assign is_max = ins[7:0] == 8'h44;
  assign is_sum = ins[7:0] == 8'h45;
  assign is_copy = ins[7:0] == 8'h49;
  assign walks = is_map || is_max || is_sum || is_copy;
  assign unknown = go && !is_config && !is_table && !walks;

  // ---------------------------------------------------------------- rows --
  logic [15:0] from_stride0, from_stride1, to_stride0, to_stride1;
  logic [15:0] i0, i0_r, i1, i1_r, count0, count1;
  logic [23:0] from, from_r, from_line, from_line_r, to, to_r, to_line, to_line_r;

  assign count0 = is_table ? TABLE_ROWS : ins[111:96];
  assign count1 = is_table ? 16'd1 : ins[31:16];
  assign i0 = running ? i0_r : 16'd0;
  assign i1 = running ? i1_r : 16'd0;
  assign from = running ? from_r : ins[87:64];
  assign from_line = running ? from_line_r : ins[87:64];
  assign to = running ? to_r : ins[55:32];
  assign to_line = running ? to_line_r : ins[55:32];
  assign done = go && (is_config || (i0 + 16'd1 == count0 && i1 + 16'd1 == count1));
  assign give = done ? ins[11:8] : 4'd0;
  assign rests = !go || done;
  assign from_row = from;
  assign to_row = to;

  always_ff @(posedge clk)
    if (reset) begin
      running <= 1'b0;
      from_stride0 <= 0;
      from_stride1 <= 0;
      to_stride0 <= 0;
      to_stride1 <= 0;
    end else begin
      running <= go && !done;
      if (pop) held <= head;
      if (go && is_config) begin
        from_stride0 <= ins[47:32];
        from_stride1 <= ins[63:48];
        to_stride0   <= ins[79:64];
        to_stride1   <= ins[95:80];
      end
      if (i0 + 16'd1 != count0) begin
        i0_r <= i0 + 16'd1;
        i1_r <= i1;
        from_r <= from + (is_table ? 24'd1 : {8'd0, from_stride0});
        from_line_r <= from_line;
        to_r <= to + {8'd0, to_stride0};
        to_line_r <= to_line;
      end else begin
        i0_r <= 16'd0;
        i1_r <= i1 + 16'd1;
        from_r <= from_line + {8'd0, from_stride1};
        from_line_r <= from_line + {8'd0, from_stride1};
        to_r <= to_line + {8'd0, to_stride1};
        to_line_r <= to_line + {8'd0, to_stride1};
      end
    end

  // --------------------------------------------------------------- bytes --
  // The table is a row of registers for each that was loaded.
  logic [TABLE_ROWS*LANES*8-1:0] entries;
  integer l, r;

  always_ff @(posedge clk)
    if (go && is_table)
      for (r = 0; r < TABLE_ROWS; r = r + 1)
        if (i0 == r) entries[r*LANES*8+:LANES*8] <= from_data;

  assign write = go && (is_map || is_max || is_copy);
  assign add_sums = go && is_sum;
  always_comb begin
    for (l = 0; l < LANES; l = l + 1)
      write_data[l*8+:8] = is_map ? entries[from_data[l*8+:8]*8+:8] :
          is_max && $signed(to_data[l*8+:8]) > $signed(from_data[l*8+:8]) ? to_data[l*8+:8] :
          from_data[l*8+:8];
    for (l = 0; l < COLS; l = l + 1)
      sums_data[l*32+:32] = {{24{from_data[l*8+7]}}, from_data[l*8+:8]};
  end
endmodule
