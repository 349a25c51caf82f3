// A word of the accumulator to a byte: float(word) x scale in f32, each step
// rounded to nearest even, then to an integer, plus the zero point, clamped.
//
// Results from 2^17 on saturate whatever the zero point is, those below 1/2 are
// 0: so a product that is not a normal number needs no rounding of its own.
module systolic_requantize (
    input  logic signed [31:0] word,
    input  logic        [31:0] scale,
    input  logic signed [15:0] zero,
    input  logic signed [15:0] low,
    input  logic signed [15:0] high,
    output logic        [ 7:0] result
);
  // Of x = float(word): sign, 24 bits with the leading one, exponent.
  logic [31:0] magnitude, normal;
  logic [24:0] x;
  logic signed [9:0] x_exponent;
  logic [4:0] zeros;
  // Of t = x * scale.
  logic [47:0] product;
  logic [24:0] t;
  logic signed [9:0] t_exponent;
  logic negative;
  // Of rint(t): 24 bits of integer, 24 of fraction.
  logic [47:0] fixed;
  logic [23:0] whole;
  logic signed [31:0] y;
  integer i;

  always_comb begin
    magnitude = word[31] ? -word : word;
    zeros = 5'd0;
    for (i = 0; i < 32; i = i + 1) if (magnitude[i]) zeros = 5'd31 - i[4:0];
    normal = magnitude << zeros;
    x = {1'b0, normal[31:8]} + {24'd0, normal[7] && (normal[6:0] != 0 || normal[8])};
    x_exponent = 10'sd31 - $signed({5'd0, zeros});
    if (x[24]) begin
      x = 25'h0800000;
      x_exponent = x_exponent + 10'sd1;
    end

    negative = word[31] ^ scale[31];
    product = {24'd0, x[23:0]} * {24'd0, 1'b1, scale[22:0]};
    t_exponent = x_exponent + $signed({2'd0, scale[30:23]}) - 10'sd127;
    if (product[47]) t_exponent = t_exponent + 10'sd1;
    else product = product << 1;
    t = {1'b0, product[47:24]} + {24'd0, product[23] && (product[22:0] != 0 || product[24])};
    if (t[24]) begin
      t = 25'h0800000;
      t_exponent = t_exponent + 10'sd1;
    end

    // The shift is 0 to 24 where its result counts.
    fixed = {t[23:0], 24'd0} >> (10'sd23 - t_exponent);
    whole = fixed[47:24] + {23'd0, fixed[23] && (fixed[22:0] != 0 || fixed[24])};
    y = (negative ? -$signed({8'd0, whole}) : $signed({8'd0, whole})) + $signed({{16{zero[15]}}, zero});

    if (scale[30:23] == 8'hff && (scale[22:0] != 0 || magnitude == 0)) result = low[7:0];  // NaN
    else if (magnitude != 0 && (scale[30:23] == 8'hff || t_exponent >= 10'sd17))
      result = negative ? low[7:0] : high[7:0];
    else begin
      if (magnitude == 0 || scale[30:23] == 0 || t_exponent < -10'sd1) y = {{16{zero[15]}}, zero};
      if (y < $signed({{16{low[15]}}, low})) result = low[7:0];
      else if (y > $signed({{16{high[15]}}, high})) result = high[7:0];
      else result = y[7:0];
    end
  end
endmodule
