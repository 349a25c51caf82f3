//===- MappedFileTest.cpp - Files that a model names ----------------------===//

#include "aicc/Support/MappedFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <sys/stat.h>
#include <unistd.h>

using namespace aicc;

namespace {

class MappedFileTest : public testing::Test {
protected:
  void SetUp() override {
    llvm::SmallString<64> dir;
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("aicc-mapped", dir));
    root = dir.str().str();
    ASSERT_FALSE(llvm::sys::fs::create_directory(root + "/model"));
    write("secret", "secret");
    write("model/w.bin", "weights");
  }
  void TearDown() override { llvm::sys::fs::remove_directories(root); }

  void write(const std::string &name, llvm::StringRef text) {
    std::error_code error;
    llvm::raw_fd_ostream os(root + "/" + name, error);
    os << text;
  }
  std::shared_ptr<MappedFile> beneath(const std::string &name) {
    error.clear();
    return MappedFile::openBeneath(root + "/model", name, 1 << 20, error);
  }

  std::string root, error;
};

TEST_F(MappedFileTest, OpensAFile) {
  auto file = beneath("w.bin");
  ASSERT_TRUE(file) << error;
  EXPECT_EQ(
      llvm::StringRef(reinterpret_cast<const char *>(file->bytes().data()),
                      file->bytes().size()),
      "weights");
}

TEST_F(MappedFileTest, EmptyFilesAreEmpty) {
  write("model/empty", "");
  auto file = beneath("empty");
  ASSERT_TRUE(file) << error;
  EXPECT_TRUE(file->bytes().empty());
}

TEST_F(MappedFileTest, StaysInTheFolder) {
  for (const char *name :
       {"../secret", "x/../../secret", "/etc/passwd", "", "..", "."}) {
    EXPECT_FALSE(beneath(name)) << name;
    EXPECT_FALSE(error.empty());
  }
  EXPECT_FALSE(beneath(root + "/model/w.bin"));
  EXPECT_FALSE(beneath(std::string("w.bin\0x", 7)));
}

TEST_F(MappedFileTest, FollowsNoLinks) {
  ASSERT_EQ(symlink("../secret", (root + "/model/s").c_str()), 0);
  ASSERT_EQ(symlink("w.bin", (root + "/model/t").c_str()), 0);
  ASSERT_EQ(link((root + "/secret").c_str(), (root + "/model/h").c_str()), 0);
  EXPECT_FALSE(beneath("s"));
  EXPECT_FALSE(beneath("t"));
  EXPECT_FALSE(beneath("h"));
  EXPECT_EQ(error, "has more than one hard link");
}

TEST_F(MappedFileTest, OnlyRegularFiles) {
  ASSERT_EQ(mkfifo((root + "/model/fifo").c_str(), 0600), 0);
  EXPECT_FALSE(beneath("fifo")); // And does not wait for a writer.
  EXPECT_FALSE(MappedFile::open(root + "/model/fifo", 100, error));
  EXPECT_FALSE(MappedFile::open(root + "/model", 100, error));
  EXPECT_EQ(error, "is a directory");
  EXPECT_FALSE(MappedFile::open("/dev/zero", 100, error));
  EXPECT_FALSE(MappedFile::open(root + "/absent", 100, error));
}

TEST_F(MappedFileTest, LimitsTheSize) {
  bool tooLarge = false;
  EXPECT_FALSE(MappedFile::open(root + "/secret", 5, error, &tooLarge));
  EXPECT_TRUE(tooLarge);
  EXPECT_TRUE(MappedFile::open(root + "/secret", 6, error));
}

} // namespace
