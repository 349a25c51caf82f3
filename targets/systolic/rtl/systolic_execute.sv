// The execute unit: what flows through the array, and when.
//
// Two things run side by side: weights into the second set, and rows of A
// through the array (a stream: a multiply or an outer); flushes run beside
// them. A row of A that enters in cycle s reaches the accumulator's column c in
// cycle s + ROWS - 1 + c; a delay line carries its address there.
module systolic_execute #(
    parameter integer ROWS = 8,
    parameter integer COLS = 8,
    parameter integer LANES = 8,
    parameter integer OUTPUT_STATIONARY = 1
) (
    input  logic                    clk,
    input  logic                    reset,
    input  logic                    ready,
    input  logic [           127:0] head,
    output logic                    pop,
    output logic [             3:0] give,
    output logic                    rests,
    // Reads, 24 bits of row each, of scratchpad and weight memory.
    output logic [            23:0] a_row,
    input  logic [     LANES*8-1:0] a_data,
    output logic [            23:0] w_row,
    input  logic [     LANES*8-1:0] w_scratchpad,
    input  logic [     LANES*8-1:0] w_weights,
    output logic [            23:0] b_row,
    input  logic [     LANES*8-1:0] b_scratchpad,
    input  logic [     LANES*8-1:0] b_weights,
    // Writes: each column at its own row. A flush starts when the streams before
    // it are complete, and is over before one behind it writes.
    output logic [        COLS-1:0] write,
    output logic [        COLS-1:0] add,
    output logic [     COLS*24-1:0] write_row,
    output logic [     COLS*32-1:0] write_data
);
  localparam integer DEPTH = ROWS + COLS - 2;  // of the delay line

  // --------------------------------------------------------------- start --
  logic is_config, is_weights, is_multiply, is_outer, is_flush, can_start;
  logic start_weights, start_stream, start_flush;
  logic w_running, s_running, f_running, full;
  logic [$clog2(ROWS+COLS)+1:0] streams;  // that are not through the array yet

  assign is_config = head[7:0] == 8'h20;
  assign is_weights = head[7:0] == 8'h21;
  assign is_multiply = head[7:0] == 8'h22;
  assign is_outer = OUTPUT_STATIONARY != 0 && head[7:0] == 8'h23;
  assign is_flush = OUTPUT_STATIONARY != 0 && head[7:0] == 8'h24;
  assign can_start = !full && (is_config || (is_weights && !w_running) ||
      (is_multiply && !w_running && !s_running) || (is_outer && !s_running) ||
      (is_flush && streams == 0));
  assign pop = ready && can_start;
  assign start_weights = pop && is_weights;
  assign start_stream = pop && (is_multiply || is_outer);
  assign start_flush = pop && is_flush;

  logic [15:0] a_stride0, a_stride1, c_stride1;
  always_ff @(posedge clk)
    if (reset) begin
      a_stride0 <= 0;
      a_stride1 <= 0;
      c_stride1 <= 0;
    end else if (pop && is_config) begin
      a_stride0 <= head[47:32];
      a_stride1 <= head[63:48];
      c_stride1 <= head[79:64];
    end

  // ------------------------------------------------------------- weights --
  logic [127:0] w_held, w_ins;
  logic [15:0] w_index, w_index_r;
  logic w_go, w_last, w_diagonal;  // bit 0 of a16: one row, lane by lane
  logic [COLS*8-1:0] weights;
  logic [ROWS-1:0] capture;
  logic [LANES*8-1:0] w_data;

  assign w_ins = w_running ? w_held : head;
  assign w_go = w_running || start_weights;
  assign w_index = w_running ? w_index_r : 16'd0;
  assign w_last = w_index + 16'd1 == w_ins[111:96];
  assign w_diagonal = w_ins[16];
  assign w_row = w_ins[87:64] + (w_diagonal ? 24'd0 : {8'd0, w_index});
  assign w_data = w_ins[94] ? w_weights : w_scratchpad;

  always_ff @(posedge clk) begin
    w_running <= !reset && w_go && !w_last;
    if (start_weights) w_held <= head;
    w_index_r <= w_index + 16'd1;
  end

  integer j;
  always_comb begin
    for (j = 0; j < COLS; j = j + 1)
      weights[j*8+:8] =
          j < w_ins[127:112] && (!w_diagonal || w_index == j) ? w_data[j*8+:8] : 8'd0;
    for (j = 0; j < ROWS; j = j + 1) capture[j] = w_go && w_index == j;
  end

  // -------------------------------------------------------------- stream --
  logic [127:0] s_held, s_ins;
  logic s_go, s_outer, s_first, s_last;
  logic [15:0] i0, i0_r, i1, i1_r;
  logic [15:0] s_a_stride0, s_a_stride1, s_c_stride1;  // as they were at its start
  logic [15:0] a_stride0_r, a_stride1_r, c_stride1_r;
  logic [23:0] a, a_r, a_line, a_line_r, b_r, c, c_r, c_line, c_line_r;
  logic [ROWS*8-1:0] a_lanes;

  assign s_ins = s_running ? s_held : head;
  assign s_go = s_running || start_stream;
  assign s_outer = s_ins[7:0] == 8'h23;
  assign s_a_stride0 = s_running ? a_stride0_r : a_stride0;
  assign s_a_stride1 = s_running ? a_stride1_r : a_stride1;
  assign s_c_stride1 = s_running ? c_stride1_r : c_stride1;
  assign i0 = s_running ? i0_r : 16'd0;
  assign i1 = s_running ? i1_r : 16'd0;
  assign a = s_running ? a_r : s_ins[55:32];
  assign a_line = s_running ? a_line_r : s_ins[55:32];
  assign b_row = s_running ? b_r : s_ins[87:64];
  assign c = s_running ? c_r : s_ins[87:64];
  assign c_line = s_running ? c_line_r : s_ins[87:64];
  assign s_first = s_go && i0 == 0 && i1 == 0;
  assign s_last = s_go && i0 + 16'd1 == s_ins[111:96] && i1 + 16'd1 == s_ins[31:16];
  assign a_row = a;

  always_ff @(posedge clk) begin
    s_running <= !reset && s_go && !s_last;
    if (start_stream) s_held <= head;
    a_stride0_r <= s_a_stride0;
    a_stride1_r <= s_a_stride1;
    c_stride1_r <= s_c_stride1;
    b_r <= b_row + 24'd1;
    if (i0 + 16'd1 != s_ins[111:96]) begin
      i0_r <= i0 + 16'd1;
      i1_r <= i1;
      a_r <= a + {8'd0, s_a_stride0};
      a_line_r <= a_line;
      c_r <= c + 24'd1;
      c_line_r <= c_line;
    end else begin
      i0_r <= 16'd0;
      i1_r <= i1 + 16'd1;
      a_r <= a_line + {8'd0, s_a_stride1};
      a_line_r <= a_line + {8'd0, s_a_stride1};
      c_r <= c_line + {8'd0, s_c_stride1};
      c_line_r <= c_line + {8'd0, s_c_stride1};
    end
  end

  always_comb
    for (j = 0; j < ROWS; j = j + 1)
      a_lanes[j*8+:8] = s_go && (s_outer || j < s_ins[127:112]) ? a_data[j*8+:8] : 8'd0;

  // ---------------------------------------------------------- delay line --
  // Of what enters: its row, whether it is written, added, the last.
  localparam integer LINE = 24 + 3;
  logic [LINE-1:0] entering;
  logic [DEPTH*LINE-1:0] line;
  logic [(DEPTH+1)*LINE-1:0] taps;  // tap i: what entered i cycles ago

  assign entering = {s_last, s_ins[93], s_go && !s_outer, c};
  assign taps = {line, entering};
  always_ff @(posedge clk) line <= reset ? {DEPTH * LINE{1'b0}} : taps[DEPTH*LINE-1:0];
  always_ff @(posedge clk)
    if (reset) streams <= 0;
    else streams <= streams + start_stream - taps[DEPTH*LINE+26];

  // --------------------------------------------------------------- array --
  logic [ROWS*COLS*32-1:0] sums;
  logic [COLS*32-1:0] partial;
  logic [COLS*8-1:0] b_lanes;

  assign b_lanes = s_ins[94] ? b_weights[COLS*8-1:0] : b_scratchpad[COLS*8-1:0];
  systolic_array #(
      .ROWS(ROWS),
      .COLS(COLS),
      .OUTPUT_STATIONARY(OUTPUT_STATIONARY)
  ) array (
      .clk(clk),
      .reset(reset),
      .a(a_lanes),
      .swap(s_first && !s_outer),
      .outer(s_go && s_outer),
      .clear(s_first && s_outer && s_ins[112]),
      .weights(weights),
      .capture(capture),
      .b(b_lanes),
      .partial(partial),
      .sums(sums)
  );

  // --------------------------------------------------------------- flush --
  logic [127:0] f_held, f_ins;
  logic [15:0] f_index, f_index_r;
  logic f_go, f_last;

  assign f_ins = f_running ? f_held : head;
  assign f_go = f_running || start_flush;
  assign f_index = f_running ? f_index_r : 16'd0;
  assign f_last = f_index + 16'd1 == f_ins[111:96];

  always_ff @(posedge clk) begin
    f_running <= !reset && f_go && !f_last;
    if (start_flush) f_held <= head;
    f_index_r <= f_index + 16'd1;
  end

  logic [COLS*32-1:0] f_sums;
  integer r;
  always_comb begin
    f_sums = 0;
    for (r = 0; r < ROWS; r = r + 1) if (f_index == r) f_sums = sums[r*COLS*32+:COLS*32];
    for (r = 0; r < COLS; r = r + 1) begin
      write[r] = f_go || taps[(ROWS-1+r)*LINE+24];
      add[r] = f_go ? f_ins[93] : taps[(ROWS-1+r)*LINE+25];
      write_row[r*24+:24] = f_go ? f_ins[87:64] + {8'd0, f_index} : taps[(ROWS-1+r)*LINE+:24];
      write_data[r*32+:32] = !f_go ? partial[r*32+:32] :
          r < f_ins[127:112] ? f_sums[r*32+:32] : 32'd0;
    end
  end

  // ---------------------------------------------------------- completion --
  localparam logic [1:0] CONFIG = 2'd0, WEIGHTS = 2'd1, STREAM = 2'd2, FLUSH = 2'd3;
  // As many as the array can hold, and some that wait behind them.
  localparam integer RETIRE_DEPTH = ROWS + COLS + 16;
  systolic_retire #(
      .DEPTH(RETIRE_DEPTH)
  ) retire (
      .clk(clk),
      .reset(reset),
      .start(pop),
      .kind(start_weights ? WEIGHTS : start_stream ? STREAM : start_flush ? FLUSH : CONFIG),
      .tokens(head[11:8]),
      .finish({f_go && f_last, taps[DEPTH*LINE+26], w_go && w_last, pop && is_config}),
      .full(full),
      .give(give),
      .rests(rests)
  );
endmodule
