#include "hocket/process/detail/function_name.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::detail {
namespace {

struct Module {
    std::uint64_t id = 0;
    std::uintptr_t base = 0;   // where offsets begin
    std::uintptr_t begin = 0;  // of its memory
    std::uintptr_t end = 0;
    std::string path;
};

// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
std::uint64_t hash(const unsigned char* bytes, std::size_t size) {
    std::uint64_t value = 0xcbf29ce484222325u;
    for (std::size_t i = 0; i < size; ++i) value = (value ^ bytes[i]) * 0x100000001b3u;
    return value;
}

// The build id of a loaded module, in short. A module that was linked without one is known by its path.
std::uint64_t module_id(const dl_phdr_info& info) {
    for (int i = 0; i < info.dlpi_phnum; ++i) {
        const ElfW(Phdr)& header = info.dlpi_phdr[i];
        if (header.p_type != PT_NOTE) continue;
        const auto* at = reinterpret_cast<const unsigned char*>(info.dlpi_addr + header.p_vaddr);
        const unsigned char* end = at + header.p_memsz;
        const auto padded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
        while (static_cast<std::size_t>(end - at) >= sizeof(ElfW(Nhdr))) {
            ElfW(Nhdr) note;
            std::memcpy(&note, at, sizeof note);
            const unsigned char* name = at + sizeof note;
            const unsigned char* description = name + padded(note.n_namesz);
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0)
                return hash(description, note.n_descsz);
            at = description + padded(note.n_descsz);
            if (at > end) break;
        }
    }
    return hash(reinterpret_cast<const unsigned char*>(info.dlpi_name), std::strlen(info.dlpi_name));
}

std::vector<Module> loaded_modules() {
    std::vector<Module> modules;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* found) {
            Module module;
            module.base = info->dlpi_addr;
            module.begin = UINTPTR_MAX;
            for (int i = 0; i < info->dlpi_phnum; ++i) {
                const ElfW(Phdr)& header = info->dlpi_phdr[i];
                if (header.p_type != PT_LOAD) continue;
                const std::uintptr_t begin = info->dlpi_addr + header.p_vaddr;
                module.begin = std::min(module.begin, begin);
                module.end = std::max(module.end, begin + header.p_memsz);
            }
            if (module.end == 0) return 0;
            module.id = module_id(*info);
            module.path = *info->dlpi_name ? info->dlpi_name : "the program";
            static_cast<std::vector<Module>*>(found)->push_back(std::move(module));
            return 0;
        },
        &modules);
    return modules;
}

// Written once, before the program has a second thread; empty before that.
std::vector<Module>& known_modules() {
    static std::vector<Module> modules;
    return modules;
}

const Module* module_at(const std::vector<Module>& modules, std::uintptr_t address) {
    for (const Module& module : modules) {
        if (module.begin <= address && address < module.end) return &module;
    }
    return nullptr;
}

}  // namespace

void remember_modules() {
    if (known_modules().empty()) known_modules() = loaded_modules();
}

FunctionName name_of_function(const void* address) {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    if (const Module* module = module_at(known_modules(), at)) return {module->id, at - module->base};
    if (!address) throw std::invalid_argument("hocket: a null function pointer was given to run in another process");
    const std::vector<Module> now = loaded_modules();
    const Module* module = module_at(now, at);
    if (known_modules().empty() && module) return {module->id, at - module->base};
    throw std::invalid_argument(
        module
            ? "hocket: a function of " + module->path +
                  " was given to run in another process, but that library was loaded after hocket::init(), so worker "
                  "processes do not have it: link the program with it, or load it before init()"
            : std::string("hocket: a function that is in no module was given to run in another process"));
}

const void* function_named(const FunctionName& name) {
    const auto find = [&](const std::vector<Module>& modules) -> const void* {
        for (const Module& module : modules) {
            if (module.id == name.module && name.offset < module.end - module.base)
                return reinterpret_cast<const void*>(module.base + name.offset);
        }
        return nullptr;
    };
    if (const void* address = find(known_modules())) return address;
    if (const void* address = find(loaded_modules())) return address;
    throw std::runtime_error(
        "hocket: a job names a function of a module that this process does not have: both sides must run the same "
        "build of the program (their build ids differ)");
}

}  // namespace hocket::detail
