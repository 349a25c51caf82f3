// CMake compiles a header for the target that holds a source: this one.
