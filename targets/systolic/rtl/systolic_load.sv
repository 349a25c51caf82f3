// The load unit: rows from the DRAM, or of one value, into the memories.
//
// A row is a stream of beats of BYTES bytes. Each beat's elements are shifted
// to the lanes where they go; they touch PORTS local rows at most, which are
// consecutive blocks of the row.
module systolic_load #(
    parameter integer LANES = 8,
    parameter integer COLS = 8,
    parameter integer BYTES = 8,
    parameter integer ACCESS = 8,
    parameter integer PORTS = 2,      // into scratchpad and weight memory
    parameter integer SUM_PORTS = 2   // into the accumulator
) (
    input  logic                       clk,
    input  logic                       reset,
    // The head of the queue, when its tokens are there.
    input  logic                       ready,
    input  logic [              127:0] head,
    output logic                       pop,
    // Tokens at the end of this cycle.
    output logic [                3:0] give,
    // No work is left in the unit after this cycle.
    output logic                       rests,
    // One beat of the DRAM.
    output logic                       request,
    output logic                       request_last,
    input  logic                       granted,
    output logic [               15:0] segment,
    output logic [               31:0] address,
    input  logic [        BYTES*8-1:0] data,
    // Rows of lanes of a byte.
    output logic [    PORTS*LANES-1:0] write_scratchpad,
    output logic [    PORTS*LANES-1:0] write_weights,
    output logic [       PORTS*24-1:0] write_row,
    output logic [  PORTS*LANES*8-1:0] write_data,
    // Rows of words.
    output logic [ SUM_PORTS*COLS-1:0] write_sums,
    output logic                       add_sums,
    output logic [   SUM_PORTS*24-1:0] sums_row,
    output logic [SUM_PORTS*COLS*32-1:0] sums_data
);
  localparam integer BEAT_BITS = $clog2(BYTES);
  localparam integer WORDS = BYTES / 4;
  localparam logic [31:0] ACCESS_MASK = ACCESS - 1;

  // ------------------------------------------------------------ channels --
  logic [31:0] stride0[0:3], stride1[0:3];
  logic [15:0] segments[0:3];
  logic [7:0] fills[0:3];
  logic [3:0] flips, wides;
  logic [23:0] local_stride1[0:3], block_stride[0:3];

  // --------------------------------------------------------- instruction --
  logic running;
  logic [127:0] held, ins;
  logic go, is_config, is_place, is_in, is_fill, done;
  logic [1:0] channel;
  logic [15:0] columns;
  logic wide;

  assign ins = running ? held : head;
  assign go = running || ready;
  assign pop = !running && ready;
  assign is_config = ins[7:0] == 8'h10;
  assign is_place = ins[7:0] == 8'h11;
  assign is_in = ins[7:0] == 8'h12;
  assign is_fill = ins[7:0] == 8'h13;
  assign channel = ins[17:16];
  assign columns = ins[127:112];
  assign wide = wides[channel];

  // ---------------------------------------------------------------- rows --
  logic [15:0] i0, i0_next;
  logic [13:0] i1, i1_next;
  logic [31:0] at, at_next, line, line_next;  // in the segment
  logic [23:0] to, to_next, to_line, to_line_next;  // local
  logic [31:0] beat, beats, bytes, lead;
  logic row_done, last_row, last_beat;
  logic [31:0] at_r, line_r, beat_r;
  logic [23:0] to_r, to_line_r;
  logic [15:0] i0_r;
  logic [13:0] i1_r;

  always_comb begin
    i0 = running ? i0_r : 16'd0;
    i1 = running ? i1_r : 14'd0;
    beat = running ? beat_r : 32'd0;
    at = running ? at_r : ins[63:32];
    line = running ? line_r : ins[63:32];
    to = running ? to_r : ins[87:64];
    to_line = running ? to_line_r : ins[87:64];

    lead = at & ACCESS_MASK;
    bytes = wide ? {14'd0, columns, 2'd0} : {16'd0, columns};
    beats = ((lead + bytes + ACCESS_MASK) & ~ACCESS_MASK) >> BEAT_BITS;
    last_beat = beat + 1 == beats;
    row_done = is_fill || (is_in && granted && last_beat);
    last_row = i0 + 16'd1 == ins[111:96] && i1 + 14'd1 == ins[31:18];

    i0_next = i0;
    i1_next = i1;
    at_next = at;
    line_next = line;
    to_next = to;
    to_line_next = to_line;
    if (row_done) begin
      if (i0 + 16'd1 != ins[111:96]) begin
        i0_next = i0 + 16'd1;
        at_next = at + stride0[channel];
        to_next = to + 24'd1;
      end else begin
        i0_next = 16'd0;
        i1_next = i1 + 14'd1;
        line_next = line + stride1[channel];
        at_next = line_next;
        to_line_next = to_line + local_stride1[channel];
        to_next = to_line_next;
      end
    end
  end

  assign done = go && (is_config || is_place || (row_done && last_row));
  assign give = done ? ins[11:8] : 4'd0;
  assign rests = !go || done;
  assign request = go && is_in;
  assign request_last = last_beat;
  assign segment = segments[channel];
  assign address = (at & ~ACCESS_MASK) + (beat << BEAT_BITS);

  integer j;
  always_ff @(posedge clk)
    if (reset) begin
      running <= 1'b0;
      flips   <= 4'd0;
      wides   <= 4'd0;
      for (j = 0; j < 4; j = j + 1) begin
        stride0[j] <= 0;
        stride1[j] <= 0;
        segments[j] <= 0;
        fills[j] <= 0;
        local_stride1[j] <= 0;
        block_stride[j] <= 0;
      end
    end else begin
      running <= go && !done;
      if (pop) held <= head;
      i0_r <= i0_next;
      i1_r <= i1_next;
      at_r <= at_next;
      line_r <= line_next;
      to_r <= to_next;
      to_line_r <= to_line_next;
      beat_r <= row_done ? 0 : granted ? beat + 1 : beat;
      if (go && is_config) begin
        flips[channel] <= ins[18];
        wides[channel] <= ins[19];
        fills[channel] <= ins[31:24];
        segments[channel] <= ins[111:96];
        stride0[channel] <= ins[63:32];
        stride1[channel] <= ins[95:64];
      end
      if (go && is_place) begin
        local_stride1[channel] <= ins[55:32];
        block_stride[channel]  <= ins[87:64];
      end
    end

  // ------------------------------------------------------------ to lanes --
  logic moves, to_weights, to_sums;
  logic signed [31:0] at0;  // the beat's first byte, in the row
  logic [23:0] block0;
  logic [PORTS*LANES-1:0] mask;
  logic [PORTS*LANES*8-1:0] placed;

  assign moves = go && (is_fill || (is_in && granted));
  assign to_weights = ins[95:94] == 2'd1;
  assign to_sums = ins[95:94] == 2'd2;
  assign at0 = $signed((beat << BEAT_BITS) - lead);

  systolic_place #(
      .WIDTH(8),
      .ELEMENTS(BYTES),
      .LANES(LANES),
      .PORTS(PORTS)
  ) place_bytes (
      .first(at0),
      .columns(columns),
      .elements(data ^ {BYTES{flips[channel], 7'd0}}),
      .block(block0),
      .mask(mask),
      .data(placed)
  );

  // A word is there with its last byte: the last four bytes of a beat are kept.
  logic [31:0] kept;
  logic [BYTES*8+32-1:0] window;
  logic signed [31:0] word0;
  logic [23:0] word_block0;
  logic [SUM_PORTS*COLS-1:0] words_mask;
  logic [SUM_PORTS*COLS*32-1:0] words_placed;

  always_ff @(posedge clk) if (granted) kept <= data[BYTES*8-1-:32];
  assign window = {data, kept} >> (lead[1:0] == 0 ? 32 : 8 * lead[1:0]);
  assign word0  = ((at0 + $signed({30'd0, lead[1:0]})) >>> 2) - (lead[1:0] == 0 ? 0 : 1);

  systolic_place #(
      .WIDTH(32),
      .ELEMENTS(WORDS),
      .LANES(COLS),
      .PORTS(SUM_PORTS)
  ) place_words (
      .first(word0),
      .columns(columns),
      .elements(window[WORDS*32-1:0]),
      .block(word_block0),
      .mask(words_mask),
      .data(words_placed)
  );

  integer p;
  always_comb begin
    write_data = is_fill ? {PORTS * LANES{fills[channel]}} : placed;
    sums_data  = is_fill ? {SUM_PORTS * COLS * 32{1'b0}} : words_placed;
    for (p = 0; p < PORTS; p = p + 1)
      write_row[p*24+:24] = is_fill ? to : to + (block0 + p) * block_stride[channel];
    for (p = 0; p < SUM_PORTS; p = p + 1)
      sums_row[p*24+:24] = is_fill ? to : to + (word_block0 + p) * block_stride[channel];
    write_scratchpad = 0;
    write_weights = 0;
    write_sums = 0;
    if (moves && is_fill) begin
      if (to_sums) write_sums[COLS-1:0] = {COLS{1'b1}};
      else if (to_weights) write_weights[LANES-1:0] = {LANES{1'b1}};
      else write_scratchpad[LANES-1:0] = {LANES{1'b1}};
    end else if (moves) begin
      if (to_sums) write_sums = words_mask;
      else if (to_weights) write_weights = mask;
      else write_scratchpad = mask;
    end
    add_sums = ins[93];
  end
endmodule
