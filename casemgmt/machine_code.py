"""Machine code of the compiled loops: made by numba once, kept, and run without numba afterwards.

To import numba and to have it look up its own files takes longer than most of what the loops do. Code that was kept
(:mod:`casemgmt.kept_code`) is handed to LLVM's loader as it is, and called by its address. What numba makes is looked
at first: it must take the cells that :mod:`casemgmt.loop_arguments` makes, return plain numbers, and call nothing but
what :data:`_KNOWN` names. A loop of which that is not so is left to numba and not kept.
"""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from casemgmt.kept_code import Code, keep, kept
from casemgmt.loop_arguments import RETURNED, cell_types

Loop = Callable[..., Any]
Kinds = tuple[Any, ...]
Way = Callable[[tuple[Any, ...], list[Any]], Any]

# Where numba's code begins and ends an array of its own: six cells (uses, two for who frees it, the address, the size,
# one more) and the entries after them. Nothing else of numba's running parts is needed.
_MEMORY = """
declare ptr @malloc(i64)
declare void @free(ptr)
define ptr @NRT_MemInfo_alloc_aligned(i64 %size, i32 %align) {
  %wide = zext i32 %align to i64
  %more = add i64 %wide, 48
  %room = add i64 %size, %more
  %block = call ptr @malloc(i64 %room)
  %none = icmp eq ptr %block, null
  br i1 %none, label %failed, label %made
made:
  %start = ptrtoint ptr %block to i64
  %after = add i64 %start, %more
  %lower = sub i64 %wide, 1
  %low = and i64 %after, %lower
  %entries = sub i64 %after, %low
  store i64 1, ptr %block
  %a = getelementptr i64, ptr %block, i64 1
  store i64 0, ptr %a
  %b = getelementptr i64, ptr %block, i64 2
  store i64 0, ptr %b
  %c = getelementptr i64, ptr %block, i64 3
  store i64 %entries, ptr %c
  %d = getelementptr i64, ptr %block, i64 4
  store i64 %size, ptr %d
  %e = getelementptr i64, ptr %block, i64 5
  store i64 0, ptr %e
  ret ptr %block
failed:
  ret ptr null
}
define void @NRT_MemInfo_call_dtor(ptr %block) {
  call void @free(ptr %block)
  ret void
}
define ptr @NRT_Allocate(i64 %size) {
  %block = call ptr @malloc(i64 %size)
  ret ptr %block
}
define void @NRT_Free(ptr %block) {
  call void @free(ptr %block)
  ret void
}
"""
_KNOWN = {*re.findall(r"^define \S+ @(\w+)", _MEMORY, re.MULTILINE), "memcpy", "memmove", "memset", "sqrt"}
_OK, _NONE = 0, -2
UNTOLD: list[Loop] = []  # loops that other loops call, of which numba has not been told
_lock = threading.RLock()
_loaded: list[Any] = []  # LLVM's engines, which own the code that is run


def way_to_run(loop: Loop, kinds: Kinds, arguments: tuple[Any, ...]) -> Way:
    """What runs a loop on arguments of these kinds, which it is given whole and taken apart.

    Parameters
    ----------
    loop : the Python function
    kinds : of the arguments
    arguments : of such kinds, by which numba infers types where the code has to be made
    """
    with _lock:
        code = kept(loop, kinds)
        if code is None:
            code = _made(loop, kinds, arguments)
            if code is None:
                return _left_to_numba(loop)
            keep(loop, kinds, code)
        try:
            return _loaded_code(code, kinds)
        except RuntimeError:  # LLVM's word for whatever it cannot load
            return _left_to_numba(loop)


def _loaded_code(code: Code, kinds: Kinds) -> Way:
    """Hand an object file to LLVM's loader, and wrap what it holds."""
    import llvmlite.binding as llvm

    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(_MEMORY), _target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.object_file))
    engine.finalize_object()
    _loaded.append(engine)
    types = [kind for _, kind in cell_types(kinds)]
    function = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *types)(
        engine.get_function_address(code.name)
    )
    fields = [(f"v{place}", RETURNED[kind]) for place, kind in enumerate(code.returns)]
    holder = type("Returned", (ctypes.Structure,), {"_fields_": fields})
    names = [name for name, _ in fields]

    def run(arguments: tuple[Any, ...], cells: list[Any]) -> Any:
        returned, trouble = holder(), ctypes.c_void_p()
        status = function(ctypes.byref(returned), ctypes.byref(trouble), *cells)
        if status == _NONE:
            return None
        if status != _OK:
            raise RuntimeError(f"A compiled loop stopped: {code.loop}.")
        values = tuple(getattr(returned, name) for name in names)
        return values if code.is_tuple else values[0]

    return run


@cache
def _target_machine() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(opt=0, codemodel="jitdefault", jit=True)


def _made(loop: Loop, kinds: Kinds, arguments: tuple[Any, ...]) -> Code | None:
    """Have numba compile a loop; None where its code needs more than is known here."""
    import numba as nb

    dispatcher = _dispatcher(loop, no_cpython_wrapper=True, no_cfunc_wrapper=True)
    types = tuple(nb.typeof(argument) for argument in arguments)
    dispatcher.compile(types)
    made = dispatcher.overloads[types]
    cells = [str(cell) for cell in made.target_context.get_arg_packer(made.fndesc.argtypes).argument_types]
    expected = [name for name, _ in cell_types(kinds)]
    if len(cells) != len(expected) or not all(map(_is_cell, cells, expected)):
        return None
    returned = made.signature.return_type
    is_tuple = isinstance(returned, nb.types.BaseTuple)
    returns = tuple(str(kind) for kind in (returned if is_tuple else (returned,)))
    called = set(re.findall(r'^declare [^@]*@"?([^"(]+)"?\(', made.library.get_llvm_str(), re.MULTILINE))
    unknown = [name for name in called - _KNOWN if not name.startswith("llvm.")]
    if unknown or not all(kind in RETURNED for kind in returns):
        return None
    _, _, (object_file, *_) = made.library.serialize_using_object_code()
    return Code(loop.__name__, made.fndesc.llvm_func_name, returns, is_tuple, object_file)


def _is_cell(found: str, expected: str) -> bool:
    return found == expected or (expected == "*" and found.endswith("*"))


def _left_to_numba(loop: Loop) -> Way:
    """What numba's own way in runs."""
    dispatcher = _dispatcher(loop)
    return lambda arguments, cells: dispatcher(*arguments)


def _dispatcher(loop: Loop, **options: bool) -> Any:
    """numba's compiler of a loop, told of every loop that it may call."""
    import numba as nb
    from numba.extending import register_jitable

    while UNTOLD:
        register_jitable(boundscheck=False, no_cfunc_wrapper=True)(UNTOLD.pop())
    return nb.njit(nogil=True, boundscheck=False, **options)(loop)
