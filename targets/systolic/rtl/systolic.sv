// A machine of docs/targets/systolic-isa.md, without its arithmetic of reals.
//
// The program and the DRAM are outside: `instruction` is the one at `pc`, and
// what a beat reads is there in the cycle of its address. BYTES of a beat, the
// DRAM's bytes per cycle, and COLS and LANES are powers of two; BYTES is 4 or
// more and divides ACCESS.
module systolic #(
    parameter integer ROWS = 8,
    parameter integer COLS = 8,
    parameter integer SCRATCHPAD_ROWS = 256,
    parameter integer WEIGHT_ROWS = 0,
    parameter integer ACCUMULATOR_ROWS = 64,
    parameter integer QUEUE_DEPTH = 16,
    parameter integer LOOP_LENGTH = 1024,
    parameter integer BYTES = 16,
    parameter integer ACCESS = 64,
    parameter integer SHARED = 1,
    parameter integer OUTPUT_STATIONARY = 1
) (
    input  logic               clk,
    input  logic               reset,
    // The program.
    input  logic [       31:0] first,
    output logic [       31:0] pc,
    input  logic [      127:0] instruction,
    // The last cycle of the entry; it left a token that nobody took.
    output logic               done,
    output logic               tokens_left,
    // An instruction that this machine does not have.
    output logic               unknown,
    // The DRAM: a beat that is read, and one that is written.
    output logic               read,
    output logic [       15:0] read_segment,
    output logic [       31:0] read_address,
    input  logic [BYTES*8-1:0] read_data,
    output logic [  BYTES-1:0] write,
    output logic [       15:0] write_segment,
    output logic [       31:0] write_address,
    output logic [BYTES*8-1:0] write_data
);
  localparam integer LANES = ROWS > COLS ? ROWS : COLS;
  // Blocks that the elements of a beat can touch.
  localparam integer PORTS = (LANES - 1 + BYTES + LANES - 1) / LANES;
  localparam integer SUM_PORTS = (COLS - 1 + BYTES + COLS - 1) / COLS;
  localparam integer WORD_PORTS = (COLS - 1 + BYTES / 4 + COLS - 1) / COLS;

  // -------------------------------------------- dispatcher, queues, tokens --
  logic [3:0] push, full, valid, pop, ready, queue_rests, unit_rests;
  logic [127:0] pushed;
  logic [511:0] heads;
  logic [15:0] waits, gives;
  logic no_unit, no_quantize, no_vector;
  genvar q, l;

  systolic_dispatcher #(
      .LOOP_LENGTH(LOOP_LENGTH)
  ) dispatcher (
      .clk(clk),
      .reset(reset),
      .first(first),
      .pc(pc),
      .instruction(instruction),
      .full(full),
      .push(push),
      .pushed(pushed),
      .all_rest(&queue_rests && &unit_rests),
      .done(done),
      .unknown(no_unit)
  );
  assign unknown = no_unit || no_quantize || no_vector;
  generate
    for (q = 0; q < 4; q = q + 1) begin : g_queue
      systolic_queue #(
          .DEPTH(QUEUE_DEPTH)
      ) queue (
          .clk  (clk),
          .reset(reset),
          .push (push[q]),
          .in   (pushed),
          .full (full[q]),
          .pop  (pop[q]),
          .valid(valid[q]),
          .head (heads[q*128+:128]),
          .rests(queue_rests[q])
      );
      assign waits[q*4+:4] = heads[q*128+12+:4];
    end
  endgenerate
  systolic_tokens tokens (
      .clk  (clk),
      .reset(reset),
      .waits(waits),
      .pop  (pop),
      .gives(gives),
      .ready(ready),
      .left (tokens_left)
  );

  // ---------------------------------------------------------------- DRAM --
  logic load_request, load_last, load_granted, store_request, store_last, store_granted;
  systolic_dram_port #(
      .SHARED(SHARED)
  ) dram_port (
      .clk(clk),
      .reset(reset),
      .load(load_request),
      .load_last(load_last),
      .load_granted(load_granted),
      .store(store_request),
      .store_last(store_last),
      .store_granted(store_granted)
  );
  assign read = load_granted;

  // ---------------------------------------------------------------- load --
  logic [PORTS*LANES-1:0] load_scratchpad, load_weights;
  logic [PORTS*24-1:0] load_row;
  logic [PORTS*LANES*8-1:0] load_data;
  logic [WORD_PORTS*COLS-1:0] load_sums;
  logic load_add;
  logic [WORD_PORTS*24-1:0] load_sums_row;
  logic [WORD_PORTS*COLS*32-1:0] load_sums_data;

  systolic_load #(
      .LANES(LANES),
      .COLS(COLS),
      .BYTES(BYTES),
      .ACCESS(ACCESS),
      .PORTS(PORTS),
      .SUM_PORTS(WORD_PORTS)
  ) load (
      .clk(clk),
      .reset(reset),
      .ready(valid[0] && ready[0]),
      .head(heads[127:0]),
      .pop(pop[0]),
      .give(gives[3:0]),
      .rests(unit_rests[0]),
      .request(load_request),
      .request_last(load_last),
      .granted(load_granted),
      .segment(read_segment),
      .address(read_address),
      .data(read_data),
      .write_scratchpad(load_scratchpad),
      .write_weights(load_weights),
      .write_row(load_row),
      .write_data(load_data),
      .write_sums(load_sums),
      .add_sums(load_add),
      .sums_row(load_sums_row),
      .sums_data(load_sums_data)
  );

  // ------------------------------------------------------------- execute --
  logic [23:0] a_row, w_row, b_row;
  logic [LANES*8-1:0] a_data, w_scratchpad, w_weights, b_scratchpad, b_weights;
  logic [COLS-1:0] array_write, array_add;
  logic [COLS*24-1:0] array_row;
  logic [COLS*32-1:0] array_data;

  systolic_execute #(
      .ROWS(ROWS),
      .COLS(COLS),
      .LANES(LANES),
      .OUTPUT_STATIONARY(OUTPUT_STATIONARY)
  ) execute (
      .clk(clk),
      .reset(reset),
      .ready(valid[1] && ready[1]),
      .head(heads[255:128]),
      .pop(pop[1]),
      .give(gives[7:4]),
      .rests(unit_rests[1]),
      .a_row(a_row),
      .a_data(a_data),
      .w_row(w_row),
      .w_scratchpad(w_scratchpad),
      .w_weights(w_weights),
      .b_row(b_row),
      .b_scratchpad(b_scratchpad),
      .b_weights(b_weights),
      .write(array_write),
      .add(array_add),
      .write_row(array_row),
      .write_data(array_data)
  );

  // --------------------------------------------------------------- store --
  logic [PORTS*24-1:0] store_row;
  logic [PORTS*LANES*8-1:0] store_data;
  logic [SUM_PORTS*24-1:0] sums_row, scales_row, biases_row;
  logic [SUM_PORTS*COLS*32-1:0] sums, scales, biases;
  logic keep;
  logic [23:0] keep_row;
  logic [LANES*8-1:0] keep_data;

  systolic_store #(
      .LANES(LANES),
      .COLS(COLS),
      .BYTES(BYTES),
      .ACCESS(ACCESS),
      .PORTS(PORTS),
      .SUM_PORTS(SUM_PORTS)
  ) store (
      .clk(clk),
      .reset(reset),
      .ready(valid[2] && ready[2]),
      .head(heads[383:256]),
      .pop(pop[2]),
      .give(gives[11:8]),
      .rests(unit_rests[2]),
      .request(store_request),
      .request_last(store_last),
      .granted(store_granted),
      .segment(write_segment),
      .address(write_address),
      .write(write),
      .data(write_data),
      .read_row(store_row),
      .read_data(store_data),
      .sums_row(sums_row),
      .sums(sums),
      .scales_row(scales_row),
      .scales(scales),
      .biases_row(biases_row),
      .biases(biases),
      .keep(keep),
      .keep_row(keep_row),
      .keep_data(keep_data),
      .unknown(no_quantize)
  );

  // -------------------------------------------------------------- vector --
  logic [23:0] vector_from, vector_to;
  logic [LANES*8-1:0] vector_from_data, vector_to_data, vector_data;
  logic vector_write, vector_add;
  logic [COLS*32-1:0] vector_sums;

  systolic_vector #(
      .LANES(LANES),
      .COLS (COLS)
  ) vector (
      .clk(clk),
      .reset(reset),
      .ready(valid[3] && ready[3]),
      .head(heads[511:384]),
      .pop(pop[3]),
      .give(gives[15:12]),
      .rests(unit_rests[3]),
      .from_row(vector_from),
      .from_data(vector_from_data),
      .to_row(vector_to),
      .to_data(vector_to_data),
      .write(vector_write),
      .write_data(vector_data),
      .add_sums(vector_add),
      .sums_data(vector_sums),
      .unknown(no_vector)
  );

  // ------------------------------------------------------------ memories --
  systolic_memory #(
      .LANES (LANES),
      .ROWS  (SCRATCHPAD_ROWS),
      .READS (5 + PORTS),
      .WRITES(2 + PORTS)
  ) scratchpad (
      .clk(clk),
      .read_row({store_row, vector_to, vector_from, b_row, w_row, a_row}),
      .read_data({store_data, vector_to_data, vector_from_data, b_scratchpad, w_scratchpad, a_data}),
      .write({{LANES{vector_write}}, {LANES{keep}}, load_scratchpad}),
      .write_row({vector_to, keep_row, load_row}),
      .write_data({vector_data, keep_data, load_data})
  );
  generate
    if (WEIGHT_ROWS > 0) begin : g_weights
      systolic_memory #(
          .LANES (LANES),
          .ROWS  (WEIGHT_ROWS),
          .READS (2),
          .WRITES(PORTS)
      ) weight_memory (
          .clk(clk),
          .read_row({b_row, w_row}),
          .read_data({b_weights, w_weights}),
          .write(load_weights),
          .write_row(load_row),
          .write_data(load_data)
      );
    end else begin : g_no_weights
      assign w_weights = {LANES * 8{1'b0}};
      assign b_weights = {LANES * 8{1'b0}};
    end
    for (l = 0; l < COLS; l = l + 1) begin : g_column
      logic [3*SUM_PORTS*32-1:0] column_read;
      logic [WORD_PORTS-1:0] column_load;
      logic [WORD_PORTS*32-1:0] column_data;
      genvar p;
      for (p = 0; p < SUM_PORTS; p = p + 1) begin : g_read
        assign sums[(p*COLS+l)*32+:32] = column_read[p*32+:32];
        assign scales[(p*COLS+l)*32+:32] = column_read[(SUM_PORTS+p)*32+:32];
        assign biases[(p*COLS+l)*32+:32] = column_read[(2*SUM_PORTS+p)*32+:32];
      end
      for (p = 0; p < WORD_PORTS; p = p + 1) begin : g_load
        assign column_load[p] = load_sums[p*COLS+l];
        assign column_data[p*32+:32] = load_sums_data[(p*COLS+l)*32+:32];
      end
      systolic_bank #(
          .WIDTH (32),
          .ROWS  (ACCUMULATOR_ROWS),
          .READS (3 * SUM_PORTS),
          .WRITES(2 + WORD_PORTS),
          .ADDS  (1)
      ) accumulator (
          .clk(clk),
          .read_row({biases_row, scales_row, sums_row}),
          .read_data(column_read),
          .write({vector_add, column_load, array_write[l]}),
          .add({1'b1, {WORD_PORTS{load_add}}, array_add[l]}),
          .write_row({vector_to, load_sums_row, array_row[l*24+:24]}),
          .write_data({vector_sums[l*32+:32], column_data, array_data[l*32+:32]})
      );
    end
  endgenerate
endmodule
