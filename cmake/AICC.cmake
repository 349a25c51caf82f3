# Helpers shared by every folder of the project.

# Flags of our own code. LLVM is built with RTTI, but its headers are used
# without it, as upstream does; translation units that wrap a library which
# throws (ONNX, nanobind) ask for EXCEPTIONS.
set(AICC_WARNINGS -Wall -Wextra -Wno-unused-parameter)

function(aicc_target_flags name)
  cmake_parse_arguments(ARG "EXCEPTIONS" "" "" ${ARGN})
  target_compile_options(${name} PRIVATE ${AICC_WARNINGS}
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<NOT:$<BOOL:${ARG_EXCEPTIONS}>>>:-fno-rtti;-fno-exceptions>)
  if(AICC_SANITIZE)
    # Debian's LLVM has no RTTI information for our -fno-rtti classes.
    target_compile_options(${name} PRIVATE -fsanitize=${AICC_SANITIZE} -fno-sanitize=vptr
                           -fno-omit-frame-pointer)
    target_link_options(${name} PUBLIC -fsanitize=${AICC_SANITIZE})
  endif()
endfunction()

# MLIR's headers, parsed once (cmake/Precompiled.h): for code without exceptions.
option(AICC_PRECOMPILE "Precompile the headers of MLIR" ON)

function(aicc_precompile name)
  if(NOT AICC_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET aicc_precompiled)
    add_library(aicc_precompiled OBJECT "${CMAKE_SOURCE_DIR}/cmake/Precompiled.cpp")
    aicc_target_flags(aicc_precompiled)
    set_target_properties(aicc_precompiled PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    # Without its own time in it, ccache knows it again.
    target_compile_options(aicc_precompiled PRIVATE -fPIC -fpch-instantiate-templates
                           "SHELL:-Xclang -fno-pch-timestamp")
    target_precompile_headers(aicc_precompiled PRIVATE "${CMAKE_SOURCE_DIR}/cmake/Precompiled.h")
  endif()
  target_precompile_headers(${name} REUSE_FROM aicc_precompiled)
  # One kind of code everywhere: clang refuses headers compiled for another.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
endfunction()

# aicc_add_library(NAME SOURCES... [DEPS targets] [LINK libs] [EXCEPTIONS | PLAIN])
# A static library; the tools link MLIR and LLVM (shared) once. PLAIN: uses
# neither of them.
function(aicc_add_library name)
  cmake_parse_arguments(ARG "EXCEPTIONS;PLAIN" "" "DEPS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  if(ARG_EXCEPTIONS)
    aicc_target_flags(${name} EXCEPTIONS)
  else()
    aicc_target_flags(${name})
    if(NOT ARG_PLAIN)
      aicc_precompile(${name})
    endif()
  endif()
  if(ARG_DEPS)
    add_dependencies(${name} ${ARG_DEPS})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

# aicc_add_tool(NAME SOURCES... [LINK libs])
function(aicc_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  aicc_target_flags(${name})
  aicc_precompile(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
endfunction()

# Each folder that has a CMakeLists.txt is part of the build: adding one
# (a dialect, a target family, a tool) needs no edit elsewhere.
function(aicc_add_subdirectories)
  foreach(dir IN LISTS ARGN)
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${dir}/CMakeLists.txt")
      add_subdirectory(${dir})
    else()
      file(GLOB children CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${dir}/*/CMakeLists.txt")
      list(SORT children)
      foreach(child IN LISTS children)
        get_filename_component(child_dir "${child}" DIRECTORY)
        add_subdirectory("${child_dir}")
      endforeach()
    endif()
  endforeach()
endfunction()

# aicc_register_component(LIB target [DIALECTS fn] [PASSES fn])
# What a library brings to the compiler and to aicc-opt:
#   DIALECTS  void fn(mlir::DialectRegistry &): its dialects, extensions and
#             external models
#   PASSES    void fn(): its passes and pipelines
# Names are fully qualified. The calls are generated into one file (see
# include/aicc/Compiler/Registration.h), so a new dialect or pass library
# needs no edit outside of its folder.
function(aicc_register_component)
  cmake_parse_arguments(ARG "" "LIB;DIALECTS;PASSES" "" ${ARGN})
  set_property(GLOBAL APPEND PROPERTY AICC_COMPONENT_LIBS ${ARG_LIB})
  foreach(kind DIALECTS PASSES)
    if(ARG_${kind})
      set_property(GLOBAL APPEND PROPERTY AICC_COMPONENT_${kind} ${ARG_${kind}})
    endif()
  endforeach()
endfunction()

# aicc_register_target(FAMILY LIB target CREATE fn)
# A family of machines: `std::unique_ptr<aicc::Target> fn()`. The folder's
# machines/*.yaml are built in (include/aicc/Target/Machines.h) with no word here.
function(aicc_register_target family)
  cmake_parse_arguments(ARG "" "LIB;CREATE" "" ${ARGN})
  set_property(GLOBAL APPEND PROPERTY AICC_COMPONENT_LIBS ${ARG_LIB})
  set_property(GLOBAL APPEND PROPERTY AICC_TARGET_CREATORS ${ARG_CREATE})
endfunction()

# Splits a qualified name into a declaration: "a::b::f" -> "namespace a::b {
# RESULT f(PARAMS); }".
function(_aicc_declare out name result params)
  string(REGEX MATCH "^(.*)::([^:]+)$" matched "${name}")
  set(${out} "namespace ${CMAKE_MATCH_1} { ${result} ${CMAKE_MATCH_2}(${params}); }\n"
      PARENT_SCOPE)
endfunction()

# Writes Components.inc for lib/Compiler once every folder has spoken.
function(aicc_generate_registration target)
  set(decls "")
  set(dialect_calls "")
  set(pass_calls "")
  set(target_calls "")
  set(machine_rows "")
  get_property(fns GLOBAL PROPERTY AICC_COMPONENT_DIALECTS)
  foreach(fn IN LISTS fns)
    _aicc_declare(decl ${fn} "void" "mlir::DialectRegistry &")
    string(APPEND decls "${decl}")
    string(APPEND dialect_calls "  ::${fn}(registry);\n")
  endforeach()
  get_property(fns GLOBAL PROPERTY AICC_COMPONENT_PASSES)
  foreach(fn IN LISTS fns)
    _aicc_declare(decl ${fn} "void" "")
    string(APPEND decls "${decl}")
    string(APPEND pass_calls "  ::${fn}();\n")
  endforeach()
  get_property(fns GLOBAL PROPERTY AICC_TARGET_CREATORS)
  foreach(fn IN LISTS fns)
    _aicc_declare(decl ${fn} "std::unique_ptr<aicc::Target>" "")
    string(APPEND decls "${decl}")
    string(APPEND target_calls "  targets.push_back(::${fn}());\n")
  endforeach()
  file(GLOB machines CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/targets/*/machines/*.yaml")
  list(SORT machines)
  foreach(file IN LISTS machines)
    string(REGEX MATCH "/([^/]+)/machines/([^/]+)\\.yaml$" matched "${file}")
    set(family "${CMAKE_MATCH_1}")
    set(name "${CMAKE_MATCH_2}")
    # Their text goes into Components.inc, which is written when configuring.
    set_property(DIRECTORY "${CMAKE_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(READ "${file}" text)
    string(APPEND machine_rows "    {\"${family}\", \"${name}\", R\"yaml(${text})yaml\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/lib/Compiler/Components.inc" @ONLY CONTENT
"// Generated by aicc_generate_registration (cmake/AICC.cmake).
${decls}
static void registerComponentDialects(mlir::DialectRegistry &registry) {
${dialect_calls}}

static void registerComponentPasses() {
${pass_calls}}

static void createComponentTargets(
    std::vector<std::unique_ptr<aicc::Target>> &targets) {
${target_calls}}

// The last row keeps the table from being empty.
static constexpr aicc::BuiltinMachine componentMachines[] = {
${machine_rows}    {\"\", \"\", \"\"}};
")
  get_property(libs GLOBAL PROPERTY AICC_COMPONENT_LIBS)
  list(REMOVE_DUPLICATES libs)
  target_link_libraries(${target} PUBLIC ${libs})
endfunction()

# aicc_register_driver(LIB target DRIVER fn)
# What runs the device programs of a family here: `const aicc_driver *fn()`
# (aicc-c/runtime.h), in a library that uses neither LLVM nor MLIR.
function(aicc_register_driver)
  cmake_parse_arguments(ARG "" "LIB;DRIVER" "" ${ARGN})
  set_property(GLOBAL APPEND PROPERTY AICC_DRIVER_LIBS ${ARG_LIB})
  set_property(GLOBAL APPEND PROPERTY AICC_DRIVERS ${ARG_DRIVER})
endfunction()

# Writes Drivers.inc for lib/Runtime once every folder has spoken.
function(aicc_generate_drivers target)
  set(decls "")
  set(calls "")
  get_property(fns GLOBAL PROPERTY AICC_DRIVERS)
  foreach(fn IN LISTS fns)
    _aicc_declare(decl ${fn} "const aicc_driver *" "")
    string(APPEND decls "${decl}")
    string(APPEND calls "::${fn}(), ")
  endforeach()
  file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/lib/Runtime/Drivers.inc" @ONLY CONTENT
"// Generated by aicc_generate_drivers (cmake/AICC.cmake).
${decls}
// The last one keeps the list from being empty.
static std::initializer_list<const aicc_driver *> builtinDrivers() {
  static const std::initializer_list<const aicc_driver *> drivers = {${calls}nullptr};
  return drivers;
}
")
  get_property(libs GLOBAL PROPERTY AICC_DRIVER_LIBS)
  target_link_libraries(${target} PRIVATE ${libs})
endfunction()

# aicc_add_unittest(NAME SOURCES... [LINK libs])
# A GoogleTest program (test/unit/**), one CTest entry.
function(aicc_add_unittest name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  aicc_target_flags(${name})
  aicc_precompile(${name})
  # GoogleTest looks for the two with predefined macros that other compilers
  # spell differently.
  target_compile_definitions(${name} PRIVATE GTEST_HAS_RTTI=0 GTEST_HAS_EXCEPTIONS=0)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gtest_main MLIR LLVM)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/test/unit")
  add_test(NAME unit/${name} COMMAND ${name}
           --gtest_output=xml:${CMAKE_BINARY_DIR}/test-results/unit/${name}.xml)
  set_property(TEST unit/${name} APPEND PROPERTY ENVIRONMENT
    "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/test/lsan.supp:print_suppressions=0")
endfunction()
