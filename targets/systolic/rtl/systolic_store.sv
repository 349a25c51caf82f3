// The store unit: rows of the scratchpad or of the accumulator to the DRAM, as
// they are or requantised, or from the accumulator to the scratchpad.
//
// A beat's BYTES bytes come from PORTS blocks at most, which are read at once
// and shifted into place. `store.keep` is one beat of COLS bytes a row.
module systolic_store #(
    parameter integer LANES = 8,
    parameter integer COLS = 8,
    parameter integer BYTES = 8,
    parameter integer ACCESS = 8,
    parameter integer PORTS = 2,     // of the scratchpad
    parameter integer SUM_PORTS = 2  // of the accumulator: sums, scales, biases
) (
    input  logic                         clk,
    input  logic                         reset,
    input  logic                         ready,
    input  logic [                127:0] head,
    output logic                         pop,
    output logic [                  3:0] give,
    output logic                         rests,
    // One beat of the DRAM.
    output logic                         request,
    output logic                         request_last,
    input  logic                         granted,
    output logic [                 15:0] segment,
    output logic [                 31:0] address,
    output logic [            BYTES-1:0] write,
    output logic [          BYTES*8-1:0] data,
    // Reads.
    output logic [         PORTS*24-1:0] read_row,
    input  logic [    PORTS*LANES*8-1:0] read_data,
    output logic [     SUM_PORTS*24-1:0] sums_row,
    input  logic [SUM_PORTS*COLS*32-1:0] sums,
    output logic [     SUM_PORTS*24-1:0] scales_row,
    input  logic [SUM_PORTS*COLS*32-1:0] scales,
    output logic [     SUM_PORTS*24-1:0] biases_row,
    input  logic [SUM_PORTS*COLS*32-1:0] biases,
    // A row of the scratchpad.
    output logic                         keep,
    output logic [                 23:0] keep_row,
    output logic [          LANES*8-1:0] keep_data,
    // Asked for what this unit cannot do.
    output logic                         unknown
);
  localparam integer LANE_BITS = $clog2(LANES);
  localparam integer COL_BITS = $clog2(COLS);
  localparam integer BEAT_BITS = $clog2(BYTES);
  localparam integer RESULTS = BYTES > COLS ? BYTES : COLS;
  localparam logic [31:0] ACCESS_MASK = ACCESS - 1;

  // ------------------------------------------------------- configuration --
  logic [31:0] stride0, stride1;
  logic [15:0] segment_r, zero, low, high, keep_stride1;
  logic [15:0] scale_stride;
  logic [23:0] local_stride1, block_stride, scales_first, biases_first;
  logic raw, flip, bias;

  // --------------------------------------------------------- instruction --
  logic running;
  logic [127:0] held, ins;
  logic go, is_config, is_place, is_quantize, is_out, is_keep, from_sums, words, done;
  logic [15:0] columns;

  assign ins = running ? held : head;
  assign go = running || ready;
  assign pop = !running && ready;
  assign is_config = ins[7:0] == 8'h30;
  assign is_place = ins[7:0] == 8'h31;
  assign is_quantize = ins[7:0] == 8'h32;
  assign is_out = ins[7:0] == 8'h33;
  assign is_keep = ins[7:0] == 8'h34;
  assign columns = ins[127:112];
  assign from_sums = ins[95:94] == 2'd2;
  assign words = is_out && from_sums && raw;
  assign unknown = go && is_quantize && ins[65:64] != 2'd0;

  // ---------------------------------------------------------------- rows --
  logic [15:0] i0, i0_next, i0_r, i1, i1_next, i1_r;
  // In the segment, or the row of `store.keep`.
  logic [31:0] at, at_next, at_r, line, line_next, line_r;
  logic [23:0] from, from_next, from_r, from_line, from_line_next, from_line_r;
  logic [31:0] beat, beat_r, beats, bytes, lead;
  logic row_done, last_row, last_beat;

  always_comb begin
    i0 = running ? i0_r : 16'd0;
    i1 = running ? i1_r : 16'd0;
    beat = running ? beat_r : 32'd0;
    at = running ? at_r : ins[63:32];
    line = running ? line_r : ins[63:32];
    from = running ? from_r : ins[87:64];
    from_line = running ? from_line_r : ins[87:64];

    lead = at & ACCESS_MASK;
    bytes = words ? {14'd0, columns, 2'd0} : {16'd0, columns};
    beats = ((lead + bytes + ACCESS_MASK) & ~ACCESS_MASK) >> BEAT_BITS;
    last_beat = beat + 1 == beats;
    row_done = is_keep || (is_out && granted && last_beat);
    last_row = i0 + 16'd1 == ins[111:96] && i1 + 16'd1 == ins[31:16];

    i0_next = i0;
    i1_next = i1;
    at_next = at;
    line_next = line;
    from_next = from;
    from_line_next = from_line;
    if (row_done) begin
      if (i0 + 16'd1 != ins[111:96]) begin
        i0_next   = i0 + 16'd1;
        at_next   = at + (is_keep ? 32'd1 : stride0);
        from_next = from + 24'd1;
      end else begin
        i0_next = 16'd0;
        i1_next = i1 + 16'd1;
        line_next = line + (is_keep ? {16'd0, keep_stride1} : stride1);
        at_next = line_next;
        from_line_next = from_line + local_stride1;
        from_next = from_line_next;
      end
    end
  end

  assign done = go && (is_config || is_place || is_quantize || (row_done && last_row));
  assign give = done ? ins[11:8] : 4'd0;
  assign rests = !go || done;
  assign request = go && is_out;
  assign request_last = last_beat;
  assign segment = segment_r;
  assign address = (at & ~ACCESS_MASK) + (beat << BEAT_BITS);

  always_ff @(posedge clk)
    if (reset) begin
      running <= 1'b0;
      stride0 <= 0;
      stride1 <= 0;
      segment_r <= 0;
      zero <= 0;
      low <= 0;
      high <= 0;
      keep_stride1 <= 0;
      local_stride1 <= 0;
      block_stride <= 0;
      scale_stride <= 0;
      scales_first <= 0;
      biases_first <= 0;
      bias <= 1'b0;
      raw <= 1'b0;
      flip <= 1'b0;
    end else begin
      running <= go && !done;
      if (pop) held <= head;
      i0_r <= i0_next;
      i1_r <= i1_next;
      at_r <= at_next;
      line_r <= line_next;
      from_r <= from_next;
      from_line_r <= from_line_next;
      beat_r <= row_done ? 0 : granted ? beat + 1 : beat;
      if (go && is_config) begin
        segment_r <= ins[111:96];
        stride0 <= ins[63:32];
        stride1 <= ins[95:64];
      end
      if (go && is_place) begin
        local_stride1 <= ins[55:32];
        block_stride  <= ins[87:64];
        keep_stride1  <= ins[31:16];
        scale_stride  <= ins[111:96];
      end
      if (go && is_quantize) begin
        scales_first <= ins[55:32];
        zero <= ins[31:16];
        low <= ins[111:96];
        high <= ins[127:112];
        raw <= ins[66];
        flip <= ins[67];
        bias <= ins[68];
        biases_first <= ins[95:72];
      end
    end

  // ---------------------------------------------------- blocks of the beat --
  logic signed [31:0] at0;  // the beat's first byte, in the row
  logic [23:0] lane_block, sum_block;
  integer p;

  assign at0 = is_keep ? 32'sd0 : $signed((beat << BEAT_BITS) - lead);
  always_comb begin
    lane_block = at0[LANE_BITS+23:LANE_BITS];
    sum_block  = words ? at0[COL_BITS+25:COL_BITS+2] : at0[COL_BITS+23:COL_BITS];
    for (p = 0; p < PORTS; p = p + 1) read_row[p*24+:24] = from + (lane_block + p) * block_stride;
    for (p = 0; p < SUM_PORTS; p = p + 1) begin
      sums_row[p*24+:24]   = from + (sum_block + p) * block_stride;
      scales_row[p*24+:24] = scales_first + (sum_block + p) * scale_stride;
      biases_row[p*24+:24] = biases_first + (sum_block + p) * scale_stride;
    end
  end

  // --------------------------------------------------------- requantising --
  // Behind the last block there is as much room as the last shift needs.
  logic [SUM_PORTS*COLS*32-1:0] biased;
  logic [(SUM_PORTS*COLS+RESULTS)*32-1:0] sums_here, scales_here;
  logic [RESULTS*8-1:0] results;
  genvar g;

  generate
    for (g = 0; g < SUM_PORTS * COLS; g = g + 1) begin : g_biased
      assign biased[g*32+:32] = sums[g*32+:32] + (bias ? biases[g*32+:32] : 32'd0);
    end
  endgenerate
  assign sums_here   = {{RESULTS * 32{1'b0}}, biased} >> (32 * at0[COL_BITS-1:0]);
  assign scales_here = {{RESULTS * 32{1'b0}}, scales} >> (32 * at0[COL_BITS-1:0]);
  generate
    for (g = 0; g < RESULTS; g = g + 1) begin : g_result
      systolic_requantize requantize (
          .word  (sums_here[g*32+:32]),
          .scale (scales_here[g*32+:32]),
          .zero  (zero),
          .low   (low),
          .high  (high),
          .result(results[g*8+:8])
      );
    end
  endgenerate

  // ----------------------------------------------------------------- out --
  logic [PORTS*LANES*8-1:0] lanes_here;
  logic [SUM_PORTS*COLS*32-1:0] raw_here;
  integer b;

  assign lanes_here = read_data >> (8 * at0[LANE_BITS-1:0]);
  assign raw_here   = biased >> (8 * at0[COL_BITS+1:0]);
  always_comb begin
    data = words ? raw_here[BYTES*8-1:0] :
        (from_sums ? results[BYTES*8-1:0] : lanes_here[BYTES*8-1:0]) ^ {BYTES{flip, 7'd0}};
    // What is before the row is, as unsigned, far past it.
    for (b = 0; b < BYTES; b = b + 1) write[b] = go && is_out && granted && $unsigned(at0) + b < bytes;

    keep = go && is_keep;
    keep_row = at[23:0];
    keep_data = 0;
    for (b = 0; b < COLS; b = b + 1)
      if (b < columns) keep_data[b*8+:8] = results[b*8+:8] ^ {flip, 7'd0};
  end
endmodule
