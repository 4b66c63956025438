"""The one table of the modules: what each folder may include, and what each library may define and call. docs/design.md has the picture.

A folder's row covers the files under it that no longer row covers. Headers of libc and the kernel are free to all; what a module does
with them is seen in its symbols (policy).
"""

# folder: (its own public prefix, prefixes of ours that it may include, third-party headers that it may include)
INCLUDES = {
    "base": ("base", (), ()),
    "proto": ("proto", ("base",), ("protobuf-c/", "jansson.h")),
    "policy": ("policy", ("base",), ()),
    "hsm/envelope": ("envelope", ("base",), ("openssl/",)),
    "hsm": ("hsm", ("base", "envelope"), ("p11-kit/", "openssl/")),
    "hsm/worker": (None, ("base", "proto", "envelope", "hsm"), ()),
    "daemon/registry": ("registry", ("base",), ("sqlite3.h", "event2/")),
    "daemon/workers": ("workers", ("base", "proto"), ("event2/", "protobuf-c/")),
    "daemon/operations": ("operations", ("base", "proto", "policy", "envelope", "registry", "workers"), ("protobuf-c/",)),
    "daemon/src": (None, ("base", "proto", "policy", "registry", "workers", "operations"), ("event2/", "ini.h", "systemd/", "protobuf-c/")),
    "client": ("rewrap", ("base", "proto", "policy", "hsm"), ("jansson.h", "protobuf-c/")),
    # A test may look at everything; hsm and boundary tests talk PKCS#11 themselves.
    "tests": (None, ("base", "proto", "policy", "envelope", "hsm", "registry", "workers", "operations", "rewrap"), ("*",)),
}

# Headers of ours by their first folder: every other <x/y.h> is a third party's or the system's.
OURS = {own for own, _, _ in INCLUDES.values() if own}

# Third-party headers that only some folders may see, by how they begin. What is not listed here is libc's or the kernel's.
THIRD_PARTY = ("protobuf-c/", "jansson.h", "openssl/", "p11-kit/", "pkcs11", "sqlite3.h", "event2/", "event.h", "ini.h", "systemd/", "cmocka.h")

# static library: the prefixes of the symbols it may define for others, and of those that its own files share (src/*.h)
DEFINES = {
    "base": ("buffer_", "hex_", "reader_", "secbuf_", "uuid_", "secret_", "wiping_"),
    "proto": ("proto_", "frame_", "json_", "service_", "precheck", "reflect_", "utf8_", "wire_"),
    "policy": ("arn_", "decide", "policy_"),
    "envelope": ("envelope_", "context_"),
    "hsm": ("hsm_", "attributes_", "ceremony_", "key_class", "module_", "p11_"),
    "registry": ("registry_", "store_"),
    "workers": ("workers_", "worker_"),
    "operations": ("operation_", "operations_"),
    "rewrap": ("rewrap_", "connection_"),
}

# symbols that begin so are called by these libraries and programs only
CALLS = {
    "p11_kit_": ("hsm",),
    "protobuf_c_": ("proto", "proto_generated"),
    "json_object_": ("proto", "rewrapctl", "rewrap"),
    "sqlite3_": ("registry",),
    "event_": ("registry", "workers", "rewrapd"),
    "bufferevent_": ("rewrapd", "workers"),
    "evbuffer_": ("rewrapd", "workers", "registry"),
    "EVP_": ("envelope", "hsm"),
    "sd_": ("rewrapd",),
    "ini_": ("rewrapd",),
    "pthread_create": (),
    "system": (),
    "popen": (),
}

# policy is pure: of everything outside the project it calls these only
POLICY_CALLS = (
    "memchr", "memcmp", "memcpy", "memmove", "memset", "strchr", "strcmp", "strlen", "strncmp", "strnlen", "__stack_chk_fail",
    "__memcpy_chk", "__memmove_chk", "__memset_chk", "_GLOBAL_OFFSET_TABLE_",
)
# what the compiler adds for sanitizers, fuzzing and coverage
INSTRUMENTATION = ("__asan_", "__odr_asan", "__ubsan_", "__sanitizer_", "__gcov_", "__llvm_", "__start___sancov", "__stop___sancov")
