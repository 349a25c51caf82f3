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

# aicc_add_library(NAME SOURCES... [DEPS targets] [LINK libs] [EXCEPTIONS])
# A static library; the tools link MLIR and LLVM (shared) once.
function(aicc_add_library name)
  cmake_parse_arguments(ARG "EXCEPTIONS" "" "DEPS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  if(ARG_EXCEPTIONS)
    aicc_target_flags(${name} EXCEPTIONS)
  else()
    aicc_target_flags(${name})
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
