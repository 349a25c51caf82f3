// RUN: aicc-opt %s --remarks-filter=cpu-schedule --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,cpu-map{machine=x86_64_v4},cpu-schedule{machine=x86_64_v4}))' -o /dev/null 2>&1 | FileCheck %s
// RUN: aicc-opt %s --remarks-filter=aicc-map-spatial --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,aicc-map-spatial{machine=systolic/tpu_like}))' -o /dev/null 2>&1 | FileCheck %s --check-prefix=ARRAY

// RUN: aicc-opt %s --remarks-filter=aicc-map-spatial --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,aicc-map-spatial{machine=imc/analog128}))' -o /dev/null 2>&1 | FileCheck %s --check-prefix=CROSSBAR

// CHECK: remark: [Passed] Mapping | Category:cpu-schedule | Cycles={{[0-9]+}}, Mapping="#aicc.mapping<loops = [{{.*}}]{{.*}}>", Picojoules={{[0-9]+}}
// CHECK: remark: [Missed] Mapping | Category:cpu-schedule | Cycles={{[0-9]+}}, Mapping="#aicc.mapping<{{.*}}>", Picojoules={{[0-9]+}}, Reason="{{.+}}"

// ARRAY: remark: [Passed] Mapping | Category:aicc-map-spatial | Cycles={{[0-9]+}}, Mapping="#aicc.mapping<loops = [{{.*}} on 0{{.*}}]{{.*}}residence
// ARRAY: remark: [Failure] Mapping | Category:aicc-map-spatial | Reason="host: {{.+}}; not priced"

// Only the reduction runs along the rows of a crossbar, and along its columns
// nothing that moves the input: a row drives one input into all columns.
// CROSSBAR: remark: [Passed] Mapping | {{.*}}Mapping="#aicc.mapping<loops = [0 by 1, 2 by 1 on 0, 1 by 1 on 1]

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>

func.func @main(%x: tensor<64x64xf32>) -> (tensor<64x64xf32>, tensor<64x64xf32>) {
  %w = arith.constant dense_resource<w> : tensor<64x64xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
  %0 = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<64x64xf32>, tensor<64x64xf32>) outs(%f : tensor<64x64xf32>) {
  ^bb0(%p: f32, %q: f32, %acc: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<64x64xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<64x64xf32>) outs(%e : tensor<64x64xf32>) {
  ^bb0(%p: f32, %o: f32):
    %n = math.exp %p : f32
    linalg.yield %n : f32
  } -> tensor<64x64xf32>
  return %0, %1 : tensor<64x64xf32>, tensor<64x64xf32>
}
