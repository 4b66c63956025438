"""The one table of the modules: what each folder may include, and what each library may define and call. docs/design.md has the picture.

A folder's row covers the files under it that no longer row covers. Headers of libc and the kernel are free to all; what a module does
with them is seen in its symbols (policy).
"""

# folder: (its own public prefix, prefixes of ours that it may include, third-party headers that it may include)
INCLUDES = {
    "base": ("base", (), ()),
    "proto": ("proto", ("base",), ("protobuf-c/", "jansson.h")),
    "policy": ("policy", ("base",), ("jansson.h",)),
    "hsm/envelope": ("envelope", ("base",), ("openssl/",)),
    "hsm": ("hsm", ("base", "envelope"), ("p11-kit/", "openssl/")),
    "hsm/remote": (None, ("base",), ("p11-kit/",)),
    "hsm/worker": (None, ("base", "proto", "envelope", "hsm"), ("protobuf-c/", "openssl/")),
    "daemon/registry": ("registry", ("base", "policy"), ("sqlite3.h", "event2/")),
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

# static library: (folder of its public headers, prefixes that the functions declared there may have)
PUBLIC = {
    "base": ("base/include", ("base64_", "buffer_", "hex_", "map_", "reader_", "secbuf_", "uuid_", "secret_", "wiping_")),
    "proto": ("proto/include", ("proto_", "frame_", "json_", "service_")),
    "policy": ("policy/include", ("arn_", "policy_")),
    "envelope": ("hsm/envelope/include", ("envelope_", "context_")),
    "hsm": ("hsm/include", ("hsm_", "ceremony_")),
    "registry": ("daemon/registry/include", ("registry_",)),
    "workers": ("daemon/workers/include", ("workers_",)),
    "operations": ("daemon/operations/include", ("operation_", "operations_")),
    "rewrap": ("client/include", ("rewrap_",)),
}

# The libraries of each program: a name that two of them define would be taken from the first, silently.
PROGRAMS = {
    "rewrapd": ("base", "proto", "proto_generated", "policy", "envelope", "registry", "workers", "operations", "daemon"),
    "rewrapd-hsm": ("base", "proto", "proto_generated", "envelope", "hsm"),
    "rewrapctl": ("base", "proto", "proto_generated", "policy", "envelope", "hsm", "rewrap", "rewrapctl_parts"),
}

# symbols that begin so are called by these libraries only
CALLS = {
    "p11_kit_": ("hsm",),
    "protobuf_c_": ("proto", "proto_generated"),
    "sqlite3_": ("registry",),
    "event_": ("registry", "workers", "daemon"),
    "evbuffer_": ("workers", "daemon"),
    "EVP_": ("envelope", "hsm"),
    "sd_": ("daemon",),
    "ini_": ("daemon",),
    "json_object_": ("proto", "policy", "rewrapctl_parts"),
    "pthread_create": (),
    "system": (),
    "popen": (),
}

# policy is pure: of everything outside the project it calls these only. What makes a document of a text takes memory and jansson
# (which reads the kernel's generator once, for its hashes); inet_pton, snprintf and strtod turn texts into values and back.
POLICY_CALLS = (
    "memchr", "memcmp", "memcpy", "memmem", "memmove", "memset", "strchr", "strcmp", "strlen", "strncmp", "strnlen", "__stack_chk_fail",
    "__memcpy_chk", "__memmove_chk", "__memset_chk", "_GLOBAL_OFFSET_TABLE_", "bcmp",
    "malloc", "free", "strndup", "inet_pton", "snprintf", "__snprintf_chk", "strtod",
    "json_loadb", "json_delete", "json_array_get", "json_array_size", "json_integer_value", "json_object_get", "json_object_iter",
    "json_object_iter_at", "json_object_iter_key", "json_object_iter_next", "json_object_iter_value", "json_object_key_to_iter",
    "json_real_value", "json_string_length", "json_string_value", "json_string", "json_array_set_new", "json_object_set_new", "json_dumps",
)
# what the compiler adds for sanitizers, fuzzing and coverage
INSTRUMENTATION = ("__asan_", "__odr_asan", "__ubsan_", "__sanitizer_", "__gcov_", "__llvm_", "__start___sancov", "__stop___sancov")
