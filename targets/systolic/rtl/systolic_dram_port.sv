// Who moves data from or to the DRAM in a cycle. A request is a row: it keeps
// the DRAM from its first beat to its last. Requests are served in the order in
// which they came; of two in one cycle, the load's is first.
module systolic_dram_port #(
    parameter integer SHARED = 1
) (
    input  logic clk,
    input  logic reset,
    input  logic load,
    input  logic load_last,
    output logic load_granted,
    input  logic store,
    input  logic store_last,
    output logic store_granted
);
  generate
    if (SHARED != 0) begin : g_shared
      logic load_owns, store_owns, store_waited;
      assign store_granted = store && !load_owns && (store_owns || !load || store_waited);
      assign load_granted  = load && !store_granted;
      always_ff @(posedge clk) begin
        load_owns <= !reset && load_granted && !load_last;
        store_owns <= !reset && store_granted && !store_last;
        // The load's last beat frees the DRAM, and its next request is younger.
        store_waited <= !reset && store && !store_granted;
      end
    end else begin : g_apart
      assign load_granted  = load;
      assign store_granted = store;
    end
  endgenerate
endmodule
