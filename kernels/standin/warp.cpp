#include "warp.h"

#include <algorithm>

namespace standin {
namespace {

// A kernel that runs longer than this many instructions of one launch is taken to never end.

}  // namespace

Warp::Warp(Launch& launch, uint32_t index)
    : launch(launch), index(index), reached(launch.program.coverage->reached.data()),
      rows(static_cast<size_t>(launch.program.rows) * WARP, ~0ull), locals(WARP) {
    const uint64_t left = launch.block.count() - static_cast<uint64_t>(index) * WARP;
    present = left >= WARP ? ALL_LANES : (1u << left) - 1;
    fillConstants();
    for (auto& depot : locals) {
        depot.resize(launch.program.localBytes);
    }
}

void Warp::start() {
    exited = 0;
    groups.assign(1, {0, present, Wait::None});
    fillSpecials();
}

void Warp::fillConstants() {
    for (const ConstantRow& constant : launch.program.constants) {
        std::fill_n(row(constant.row), WARP, constant.bits);
    }
}

void Warp::fillSpecials() {
    for (const SpecialRow& special : launch.program.specials) {
        for (int l = 0; l < WARP; l++) {
            row(special.row)[l] = specialValue(special.special, l);
        }
    }
}

Dimensions Warp::threadIndex(uint32_t thread) const {
    const Dimensions& block = launch.block;
    return {thread % block.x, thread / block.x % block.y, thread / (block.x * block.y)};
}

uint64_t Warp::specialValue(Special special, int ofLane) const {
    const uint32_t bit = 1u << ofLane;
    switch (special) {
        case Special::TidX: return threadIndex(threadOf(ofLane)).x;
        case Special::TidY: return threadIndex(threadOf(ofLane)).y;
        case Special::TidZ: return threadIndex(threadOf(ofLane)).z;
        case Special::NtidX: return launch.block.x;
        case Special::NtidY: return launch.block.y;
        case Special::NtidZ: return launch.block.z;
        case Special::CtaidX: return launch.blockIndex.x;
        case Special::CtaidY: return launch.blockIndex.y;
        case Special::CtaidZ: return launch.blockIndex.z;
        case Special::NctaidX: return launch.grid.x;
        case Special::NctaidY: return launch.grid.y;
        case Special::NctaidZ: return launch.grid.z;
        case Special::LaneId: return static_cast<uint64_t>(ofLane);
        case Special::WarpId: return index;
        case Special::NwarpId: return (launch.block.count() + WARP - 1) / WARP;
        case Special::LanemaskEq: return bit;
        case Special::LanemaskLt: return bit - 1;
        case Special::LanemaskLe: return bit | (bit - 1);
        case Special::LanemaskGt: return static_cast<uint32_t>(~(bit | (bit - 1)));
        default: return static_cast<uint32_t>(~(bit - 1));
    }
}

uint8_t* Warp::global(uint64_t address, uint64_t count, Access access) {
    uint8_t* at = launch.memory.access(address, count, access);
    if (launch.shadow == nullptr || launch.shadow->note(address, count, touch(access))) {
        return at;
    }
    const GlobalShadow::Conflict& conflict = launch.shadow->conflict();
    const Dimensions& grid = launch.grid;
    throw Fault{CUDA_ERROR_LAUNCH_FAILED,
                format("global-memory race: %s the byte at 0x%llx that block (%llu, %llu, %llu) of this launch %s%s",
                       access == Access::Write ? "writes" : instruction->readOnly ? "reads through the read-only cache" : "reads",
                       static_cast<unsigned long long>(conflict.address),
                       static_cast<unsigned long long>(conflict.block % grid.x),
                       static_cast<unsigned long long>(conflict.block / grid.x % grid.y),
                       static_cast<unsigned long long>(conflict.block / grid.x / grid.y),
                       conflict.wrote ? "wrote, in " : "read, in ", launch.memory.holding(address, count, access).describe().c_str())};
}

uint8_t* Warp::shared(uint64_t address, uint64_t count, Access access) {
    return launch.shared.access(address, count, access, threadOf(lane), launch.clock, *this);
}

const uint8_t* Warp::parameter(uint64_t offset, uint64_t count) const {
    if (offset > launch.parameters.size() || count > launch.parameters.size() - offset) {
        throw Fault{CUDA_ERROR_ILLEGAL_ADDRESS,
                    format("reads %llu bytes at %llu of the kernel's %zu bytes of parameters",
                           static_cast<unsigned long long>(count), static_cast<unsigned long long>(offset),
                           launch.parameters.size())};
    }
    return launch.parameters.data() + offset;
}

uint8_t* Warp::local(uint64_t address, uint64_t count) {
    auto& depot = locals[static_cast<size_t>(lane)];
    if (address > depot.size() || count > depot.size() - address) {
        throw Fault{CUDA_ERROR_ILLEGAL_ADDRESS,
                    format("touches %llu bytes at %llu of a thread's %zu bytes of local memory",
                           static_cast<unsigned long long>(count), static_cast<unsigned long long>(address),
                           depot.size())};
    }
    return depot.data() + address;
}

void Warp::orderLanes(uint32_t lanes) {
    for (uint32_t a = lanes; a != 0; a &= a - 1) {
        for (uint32_t b = lanes; b != 0; b &= b - 1) {
            lastSync[__builtin_ctz(a)][__builtin_ctz(b)] = launch.clock;
        }
    }
}

std::string Warp::whereabouts() const {
    const Dimensions thread = threadIndex(threadOf(lane));
    const Dimensions& block = launch.blockIndex;
    return format("PTX line %d: '%s', block (%u, %u, %u), thread (%u, %u, %u)", instruction ? instruction->line : 0,
                  instruction ? instruction->text.c_str() : "", block.x, block.y, block.z, thread.x, thread.y,
                  thread.z);
}

void Warp::run() {
    while (Group* group = nextRunnable()) {
        step(static_cast<size_t>(group - groups.data()));
        if (groups.size() > 1) {
            merge();
        }
    }
}

// The runnable group that is furthest behind; null if all have left or wait.
Group* Warp::nextRunnable() {
    do {
        Group* found = nullptr;
        for (Group& group : groups) {
            if (group.wait == Wait::None && (found == nullptr || group.at < found->at)) {
                found = &group;
            }
        }
        if (found != nullptr) {
            return found;
        }
    } while (synchroniseOne());
    return nullptr;
}

uint32_t Warp::guardLanes(const Instruction& i, uint32_t lanes) {
    const uint64_t* guard = row(i.guard);
    uint32_t holds = 0;
    for (int l = 0; l < WARP; l++) {
        holds |= static_cast<uint32_t>(guard[l] & 1) << l;
    }
    return lanes & (i.guardNegated ? ~holds : holds);
}

void Warp::step(size_t group) {
    if (groups[group].at >= launch.program.instructions.size()) {
        leave(group, groups[group].lanes);
        return;
    }
    const Instruction& i = launch.program.instructions[groups[group].at];
    const uint32_t lanes = i.guarded ? guardLanes(i, groups[group].lanes) : groups[group].lanes;
    reached[groups[group].at] |= lanes != 0;
    instruction = &i;
    lane = __builtin_ctz(groups[group].lanes);
    if (++launch.clock > launch.longest) {
        throw Fault{CUDA_ERROR_LAUNCH_TIMEOUT, "the kernel does not end"};
    }
    switch (i.flow) {
        case Flow::Next:
            if (lanes != 0) {
                i.execute(*this, i, lanes);
            }
            groups[group].at++;
            break;
        case Flow::Branch: branch(group, lanes, i.target); break;
        case Flow::Exit: leave(group, lanes); break;
        case Flow::BlockBarrier: await(group, lanes, Wait::BlockBarrier); break;
        case Flow::WarpSync:
            if (lanes == groups[group].lanes && arrived(groups[group])) {
                synchronise(group);
            } else {
                await(group, lanes, Wait::WarpSync);
            }
            break;
    }
}

void Warp::branch(size_t group, uint32_t taken, uint32_t target) {
    const uint32_t rest = groups[group].lanes & ~taken;
    if (rest == 0) {
        groups[group].at = target;
        return;
    }
    groups[group].at++;
    if (taken != 0) {
        groups[group].lanes = rest;
        groups.push_back({target, taken, Wait::None});
    }
}

void Warp::leave(size_t group, uint32_t lanes) {
    exited |= lanes;
    groups[group].lanes &= ~lanes;
    groups[group].at++;
    if (groups[group].lanes == 0) {
        groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(group));
    }
}

// `lanes` of the group wait at its instruction, the others go on after it.
void Warp::await(size_t group, uint32_t lanes, Wait wait) {
    const uint32_t rest = groups[group].lanes & ~lanes;
    if (lanes != 0) {
        groups.push_back({groups[group].at, lanes, wait});
    }
    groups[group].lanes = rest;
    groups[group].at++;
    if (rest == 0) {
        groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(group));
    }
}

void Warp::release() {
    for (Group& group : groups) {
        group.wait = Wait::None;
        group.at++;
    }
    merge();
}

// Whether all lanes named in the members' masks that have not left are in the group.
bool Warp::arrived(const Group& group) {
    const uint64_t* members = row(launch.program.instructions[group.at].members);
    for (uint32_t left = group.lanes; left != 0; left &= left - 1) {
        const int l = __builtin_ctz(left);
        const uint32_t mask = static_cast<uint32_t>(members[l]);
        if (!(mask >> l & 1)) {
            lane = l;
            throw Fault{CUDA_ERROR_LAUNCH_FAILED, format("the lane is not in its own member mask 0x%08x", mask)};
        }
        if ((mask & present & ~exited & ~group.lanes) != 0) {
            return false;
        }
    }
    return true;
}

// Carries out the instruction once for every set of lanes that name the same members.
void Warp::synchronise(size_t group) {
    const Instruction& i = launch.program.instructions[groups[group].at];
    const uint64_t* members = row(i.members);
    instruction = &i;
    for (uint32_t left = groups[group].lanes; left != 0;) {
        const uint32_t mask = static_cast<uint32_t>(members[__builtin_ctz(left)]) & groups[group].lanes;
        i.execute(*this, i, mask);
        left &= ~mask;
    }
    groups[group].wait = Wait::None;
    groups[group].at++;
}

// Lets one group whose members have come together, or left, pass; false if there is none.
bool Warp::synchroniseOne() {
    for (size_t group = 0; group < groups.size(); group++) {
        if (groups[group].wait == Wait::WarpSync && arrived(groups[group])) {
            synchronise(group);
            return true;
        }
    }
    return false;
}

void Warp::merge() {
    for (size_t a = 0; a < groups.size(); a++) {
        for (size_t b = groups.size() - 1; b > a; b--) {
            if (groups[a].at == groups[b].at && groups[a].wait == groups[b].wait) {
                groups[a].lanes |= groups[b].lanes;
                groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(b));
            }
        }
    }
}

}  // namespace standin
