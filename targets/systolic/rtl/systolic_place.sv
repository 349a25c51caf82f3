// Shifts the elements of one beat to the lanes where they go.
//
// Element `first` of a row of `columns` elements is the beat's first; it is
// below zero where the beat starts before the row. Elements go lane by lane to
// consecutive blocks of LANES; port p writes block `block` + p. Lanes of the
// row's last block past its last column become zero.
module systolic_place #(
    parameter integer WIDTH = 8,
    parameter integer ELEMENTS = 8,
    parameter integer LANES = 8,
    parameter integer PORTS = 2
) (
    input  logic signed [                 31:0] first,
    input  logic        [                 15:0] columns,
    input  logic        [   ELEMENTS*WIDTH-1:0] elements,
    output logic        [                 23:0] block,
    output logic        [      PORTS*LANES-1:0] mask,
    output logic        [PORTS*LANES*WIDTH-1:0] data
);
  localparam integer BITS = $clog2(LANES);
  localparam integer ALL = PORTS * LANES;
  logic [31:0] phase, place, last;
  logic [ALL*WIDTH-1:0] placed;
  logic [ALL-1:0] covered;
  integer l;

  always_comb begin
    block = first[BITS+23:BITS];
    phase = first & (LANES - 1);
    last = ({16'd0, columns} - 1) & ~(LANES - 1);  // first element of the last block
    placed = {{(ALL - ELEMENTS) * WIDTH{1'b0}}, elements} << (WIDTH * phase);
    covered = {{ALL - ELEMENTS{1'b0}}, {ELEMENTS{1'b1}}} << phase;
    for (l = 0; l < ALL; l = l + 1) begin
      place = $unsigned(first) - phase + l;  // as unsigned, what is before the row is far past it
      mask[l] = place < {16'd0, columns} ? covered[l] : place < last + LANES;
      data[l*WIDTH+:WIDTH] = place < {16'd0, columns} ? placed[l*WIDTH+:WIDTH] : {WIDTH{1'b0}};
    end
  end
endmodule
