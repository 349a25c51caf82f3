//===- KernelEmitter.h - A mapped group as loops and vectors ----*- C++ -*-===//
//
// Writes the body of one kernel: the loops of the group in the order of its
// mapping, a register tile of accumulators inside them, and the elementwise
// rest of the group on those registers. Nothing here chooses anything.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_CPU_KERNEL_KERNELEMITTER_H
#define TARGETS_CPU_KERNEL_KERNELEMITTER_H

#include "aicc/Mapping/RegionModel.h"
#include "targets/cpu/KernelMapping.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

#include <map>

namespace aicc::cpu {

/// Iterations of the parallel loops of a mapped group: the range that
/// `aicc.launch` distributes.
int64_t tripCount(const RegionModel &model, const KernelMapping &mapping);

class KernelEmitter {
public:
  /// `buffers` are flat memrefs, one for each operand, then each result.
  KernelEmitter(mlir::OpBuilder &builder, RegionModel &model,
                const KernelMapping &mapping, mlir::ValueRange buffers);

  /// Emits the iterations [begin, end) of the parallel loops. Fails, with the
  /// reason, on a mapping that the group does not allow.
  mlir::LogicalResult emit(mlir::Value begin, mlir::Value end,
                           std::string &why);

private:
  /// A value for each lane: a vector; or one scalar for all lanes (`step` 0),
  /// or a scalar for lane 0 that grows by `step` from lane to lane.
  struct Lane {
    mlir::Value value;
    bool isVector = false;
    int64_t step = 0;
  };
  /// Position inside the register tile, by dimension; the vector dimension
  /// holds that of lane 0.
  using Coord = llvm::SmallVector<int64_t, 8>;
  /// An access as base(tile numbers) + sum(intra[d] * coord[d]) + constant.
  struct Address {
    llvm::SmallVector<int64_t, 8> intra;
    llvm::SmallVector<int64_t, 8> block;
    int64_t constant = 0;
  };
  /// Values already emitted, by what they were made from; inner blocks see
  /// those of the blocks around them.
  using Memo = std::map<std::vector<int64_t>, Lane>;

  // Loops.
  void emitParallelLevel(unsigned level);
  void emitSequentialLevel(unsigned level);
  void emitTile();
  llvm::SmallVector<mlir::Value>
  emitReductionLevel(unsigned level, llvm::SmallVector<mlir::Value> accs);
  llvm::SmallVector<mlir::Value>
  emitReductionBody(llvm::SmallVector<mlir::Value> accs);
  void emitReduction();
  // Sums of products of bytes.
  bool allowsDots(std::string &why);
  llvm::SmallVector<mlir::Value> emitDots(llvm::SmallVector<mlir::Value> accs);
  mlir::Value dot(mlir::Value acc, mlir::Value left, mlir::Value right);
  mlir::Value dotLeft(const Coord &at);
  mlir::Value dotRight(const Coord &at);
  /// The coordinates of a tile that have weights of their own, in `firsts`; for
  /// each of `coords` the number of the one whose weights it has.
  llvm::SmallVector<size_t> sameWeights(llvm::ArrayRef<Coord> coords,
                                        llvm::SmallVectorImpl<Coord> &firsts);
  /// Sums of the weights, one for each vector of them, that undo the shift of
  /// signed bytes.
  llvm::SmallVector<mlir::Value> shiftSums(llvm::ArrayRef<Coord> coords);
  void undoShift(llvm::SmallVectorImpl<mlir::Value> &accs, size_t results,
                 llvm::ArrayRef<Coord> coords);
  void emitStores();
  mlir::Value foldAccumulators(llvm::ArrayRef<mlir::Value> chunks,
                               mlir::Value init);

  // Values.
  Lane evaluate(mlir::Value value, const IndexForms &index, const Coord &at);
  llvm::SmallVector<Lane> emitPayload(mlir::linalg::GenericOp op,
                                      llvm::ArrayRef<Lane> arguments,
                                      llvm::ArrayRef<LinearForm> loops,
                                      const Coord &at);
  Lane emitIndex(const LinearForm &form, const Coord &at);
  Lane emitExtract(mlir::Operation *extract, llvm::ArrayRef<Lane> indices);
  Lane emitOp(mlir::Operation *op, llvm::ArrayRef<Lane> operands);
  Lane load(unsigned operand, const IndexForms &index, const Coord &at);
  void store(unsigned operand, const IndexForms &index, const Coord &at,
             Lane lane);
  /// Stores the results of a whole tile, across its rows where memory runs
  /// along them and not along the lanes.
  void storeTile(const RegionAccess &access, llvm::ArrayRef<Coord> coords,
                 llvm::ArrayRef<Lane> lanes);
  void storeTransposed(const Address &address,
                       llvm::SmallVector<mlir::Value> rows, const Coord &first,
                       int64_t along, mlir::Value buffer);
  /// The dimension of the tile along which an operand at `address` lies by
  /// whole vectors while its lanes are apart; -1: none.
  int64_t transposedDim(const Address &address) const;

  /// Asks for the packed weights that come some steps later.
  void prefetch(unsigned operand, mlir::Value position);
  /// Whether a reduction walks more weights than stay in a first cache.
  bool isStreamed(unsigned operand) const;

  // Pieces.
  Address addressOf(unsigned operand, const IndexForms &index) const;
  mlir::Value baseOf(const Address &address);
  mlir::Value toVector(Lane lane);
  mlir::Value linearIndex(const Address &address, const Coord &at);
  mlir::Value constantIndex(int64_t value);
  mlir::Value maskFor(int64_t valid) { return maskFor(valid, mapping.lanes); }
  mlir::Value maskFor(int64_t valid, int64_t width);
  mlir::Value fromMemory(mlir::Value value, mlir::Type elementType);
  mlir::Value toMemory(mlir::Value value);
  Lane loadAt(mlir::Value buffer, mlir::Type elementType, mlir::Value index,
              int64_t stride, int64_t lanes);
  /// Lanes of the vector at `at` that lie inside the dimension.
  int64_t validLanes(const Coord &at) const;
  llvm::SmallVector<Coord> coordinates(bool reduction) const;
  const RegionAccess &factor(unsigned number) const;
  bool reducesLanes() const {
    return mapping.vector >= 0 && model.dims[mapping.vector].isReduction;
  }
  const Lane *lookup(const std::vector<int64_t> &key) const;
  void remember(const std::vector<int64_t> &key, Lane lane) {
    memos.back()[key] = lane;
  }
  mlir::VectorType vectorType(mlir::Type element) const {
    return mlir::VectorType::get({mapping.lanes}, element);
  }

  mlir::OpBuilder &builder;
  RegionModel &model;
  KernelMapping mapping;
  mlir::ValueRange buffers;
  mlir::ArrayAttr layouts;
  mlir::Location loc;
  bool shiftsBytes = false; ///< The left factors of dots are signed.
  /// Lanes are in use: false after the lanes of a reduction were folded.
  bool vectorised;
  /// Valid lanes at the coordinate whose payload is being emitted.
  int64_t validLanesNow = 0;
  llvm::SmallVector<mlir::Value> tileNumber; ///< Null: 0.
  llvm::SmallVector<int64_t> tileSize;
  std::vector<Memo> memos;
  /// Results of the root's reduction by coordinate, one for each result.
  std::map<llvm::SmallVector<int64_t, 8>, llvm::SmallVector<Lane>> reduced;
};

} // namespace aicc::cpu

#endif // TARGETS_CPU_KERNEL_KERNELEMITTER_H
