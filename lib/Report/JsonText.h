//===- JsonText.h - JSON written in an order of our own ---------*- C++ -*-===//

#ifndef AICC_LIB_REPORT_JSONTEXT_H
#define AICC_LIB_REPORT_JSONTEXT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace aicc {

/// llvm::json::OStream for names from models, which may be any bytes, and for
/// numbers in the shortest form that reads back the same.
class JsonText {
public:
  explicit JsonText(llvm::raw_ostream &os) : json(os), os(os) {}

  template <typename Fn> void object(Fn &&contents) {
    json.object([&] { contents(); });
  }
  template <typename Fn> void object(llvm::StringRef key, Fn &&contents) {
    json.attributeObject(llvm::json::fixUTF8(key), [&] { contents(); });
  }
  template <typename Fn> void array(llvm::StringRef key, Fn &&contents) {
    json.attributeArray(llvm::json::fixUTF8(key), [&] { contents(); });
  }
  /// A list whose elements start lines of their own.
  template <typename Range, typename Fn>
  void lines(llvm::StringRef key, const Range &range, Fn &&element) {
    json.attributeArray(key, [&] {
      for (const auto &each : range) {
        json.rawValue([&](llvm::raw_ostream &inner) {
          inner << "\n  ";
          JsonText line(inner);
          line.object([&] { element(line, each); });
        });
      }
    });
  }
  void text(llvm::StringRef key, llvm::StringRef value) {
    json.attribute(llvm::json::fixUTF8(key), llvm::json::fixUTF8(value));
  }
  void text(llvm::StringRef value) { json.value(llvm::json::fixUTF8(value)); }
  void number(llvm::StringRef key, double value);
  void number(double value);
  void null(llvm::StringRef key) { json.attribute(key, nullptr); }
  void newline() { os << '\n'; }

private:
  llvm::json::OStream json;
  llvm::raw_ostream &os;
};

} // namespace aicc

#endif // AICC_LIB_REPORT_JSONTEXT_H
