// One lane of a memory on the chip: read in the cycle of the address, written
// at its end. Tokens keep two ports from the same row.
module systolic_bank #(
    parameter integer WIDTH  = 8,
    parameter integer ROWS   = 64,
    parameter integer READS  = 1,
    parameter integer WRITES = 1,
    parameter integer ADDS   = 0    // whether there is an adder at each write port
) (
    input  logic                    clk,
    input  logic [    READS*24-1:0] read_row,
    output logic [ READS*WIDTH-1:0] read_data,
    input  logic [      WRITES-1:0] write,
    input  logic [      WRITES-1:0] add,
    input  logic [   WRITES*24-1:0] write_row,
    input  logic [WRITES*WIDTH-1:0] write_data
);
  localparam integer BITS = ROWS > 1 ? $clog2(ROWS) : 1;
  logic [WIDTH-1:0] words[0:ROWS-1];
  genvar r;
  integer p;

  generate
    for (r = 0; r < READS; r = r + 1) begin : g_read
      assign read_data[r*WIDTH+:WIDTH] = words[read_row[r*24+:BITS]];
    end
    if (ADDS != 0) begin : g_add
      always_ff @(posedge clk)
        for (p = 0; p < WRITES; p = p + 1)
        if (write[p])
          words[write_row[p*24+:BITS]] <= write_data[p*WIDTH+:WIDTH] +
              (add[p] ? words[write_row[p*24+:BITS]] : {WIDTH{1'b0}});
    end else begin : g_set
      always_ff @(posedge clk)
        for (p = 0; p < WRITES; p = p + 1)
        if (write[p]) words[write_row[p*24+:BITS]] <= write_data[p*WIDTH+:WIDTH];
    end
  endgenerate
endmodule
