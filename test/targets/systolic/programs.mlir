// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers{summed-innermost=true}))' | FileCheck %s
// RUN: aicc %s --target=systolic/gemmini16 --from=structured --mcpu=x86-64-v3 --emit=loops -o - | FileCheck %s --check-prefix=LOOPS
// RUN: not aicc %s --target=systolic/gemmini16 --from=structured --no-fallback --emit=loops -o - 2>&1 | FileCheck %s --check-prefix=HOST

// A product of 8x32 by 32x24 bytes with its requantisation, and a copy of its result
// that stays with the host.

#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (k, n)>
#out = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>
#swap = affine_map<(m, n) -> (n, m)>

// CHECK: func.func @main({{.*}} attributes {aicc.summed_innermost}

// LOOPS: systolic.program @p0 segments 3
// LOOPS: systolic.load.in channel 0 offset 0 to sp[0] rows {{[0-9]+}}, {{[0-9]+}} columns {{[0-9]+}}
// LOOPS: systolic.execute.weights from sp[{{[0-9]+}}] k 16 n 16
// LOOPS: systolic.execute.multiply a sp[0] c acc[0] rows 8, 1 k 16
// LOOPS: systolic.execute.multiply a sp[{{[0-9]+}}] c acc[{{[0-9]+}}]+ rows 8, 1 k 16
// LOOPS: systolic.store.quantize scales acc[{{[0-9]+}}] zero 3 range -128, 127 biases
// LOOPS: systolic.store.out
// LOOPS: func.func @main
// LOOPS: aicc.offload @p0 entry 0
// LOOPS-SAME: writes [2]
// LOOPS: aicc.launch

// HOST: error: {{.*}}stays with the host: the array sums products of two operands, and nothing else
func.func @main(%x: tensor<8x32xi8> {aicc.name = "x", aicc.dtype = "int8"}) -> (tensor<24x8xi8> {aicc.name = "y", aicc.dtype = "int8"}) {
  %w = arith.constant dense_resource<w> : tensor<32x24xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<8x24xi32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<8x24xi32>) -> tensor<8x24xi32>
  %s = linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<8x32xi8>, tensor<32x24xi8>) outs(%f : tensor<8x24xi32>) {
  ^bb0(%a: i8, %b: i8, %o: i32):
    %p = arith.extsi %a : i8 to i32
    %q = arith.extsi %b : i8 to i32
    %m = arith.muli %p, %q : i32
    %r = arith.addi %o, %m : i32
    linalg.yield %r : i32
  } -> tensor<8x24xi32>
  %e8 = tensor.empty() : tensor<8x24xi8>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%s : tensor<8x24xi32>) outs(%e8 : tensor<8x24xi8>) {
  ^bb0(%a: i32, %o: i8):
    %c5 = arith.constant 5 : i32
    %biased = arith.addi %a, %c5 : i32
    %real = arith.sitofp %biased : i32 to f32
    %scale = arith.constant 0.25 : f32
    %scaled = arith.mulf %real, %scale : f32
    %rounded = math.roundeven %scaled : f32
    %c3 = arith.constant 3.0 : f32
    %shifted = arith.addf %rounded, %c3 : f32
    %low = arith.constant -128.0 : f32
    %high = arith.constant 127.0 : f32
    %lower = arith.maxnumf %shifted, %low : f32
    %upper = arith.minnumf %lower, %high : f32
    %i = arith.fptosi %upper : f32 to i32
    %b = arith.trunci %i : i32 to i8
    linalg.yield %b : i8
  } -> tensor<8x24xi8>
  %et = tensor.empty() : tensor<24x8xi8>
  %t = linalg.generic {indexing_maps = [#swap, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<8x24xi8>) outs(%et : tensor<24x8xi8>) {
  ^bb0(%a: i8, %o: i8):
    linalg.yield %a : i8
  } -> tensor<24x8xi8>
  return %t : tensor<24x8xi8>
}

{-#
  dialect_resources: {
    builtin: {
      w: "0x010000004420823CFDE6F1C26B30F90EC7DD01E4887534A20F0B0D04C36ED80E71E0FD77B07670EB940BD5335F973DAAD8619B91FFC911F57CCED458BBBF2CE03753C9BDFA0FF0169DC9575674066676CFB0B4EB8902C44269DA1CF6BA66D3F8B6D4B100A9EA0E755A5C2E8210242A08E7078F7F89385EB09423555182568B96E8A4FEF23A0C9FC5AFD7608437816BDD0A7309CB4A1252E4DA70E6720FCAA4DA1E98406C189C24279E9851D5814204136FEB5713C166B13269DD63FC35C797FF08A6CD90095066A745ADDB6D8831C2B0F87821142B4456556D89AA82BCADAE3A9578FA4535A414D025C24B40AE3AC127722988BA973AEA8D37179706072ED33A14607AD7523BE6557B5134DEC19681F4A1336AA2140D0597A3E6C8A0CC2020A2E939806EF0B6845D6A9D657EB8298F2DE52EAD74C79D15A75FA29B7DAB332F7D700A7CCD258924260B0594B7FCF04E33A727585B4C48A39C369640694810A1695B99DD50187E8120E4DC80E0E805CAAD5784F80CD5091FB5464046848DCBCD582D77F8035AA2E0737AA0FDF573D3AC8C701824BC51689F9899BE54ED2B3FC15A4F80DA6F1AFDC9B2C454142E8233882A4729E37BC3DDCB54A6E040F96C3DDCD13C978E7FC10261E00A0F7C856958914B668B9F80E456B6FBD73E6AC46891370C3C06974526BF9FDFB6A5003FE2E6B39CCCADFC39C1C368018E65ECD19C57E665B801C7DACFAC22FC7E940AD04FCB8A5B2505B287D29B4DEC84F856EF178A32D823B522E20A54522FCD8D9B6A6A79AA892326BCEF1956988AB676C8CC58F784A871847D0FCEA2DD7F89612554E34B86EB534646E1B89ECD7B3B699C223674CBA4FC335F171C0B6E11FDE2AF8C3C583071CC77FDE6C156767891ECC76CE784A9FE386D28170702F5A3C49364CC514D0F07C64A1DC2824228EC9B07121F42158C3CDD2E610EFF428E62E5C7A889857C7D1E59B3DB1FB4D366D9238825805A314D1E68DB161B2EF0BD32A0144010E241CAE40C8A2E80A62B9A11C41D85A04285C23B9B30D97D69A9ADC8F63542E50F955066BDC7A631D1B040211699A0D598A3B48BA6043E4C"
    }
  }
#-}
