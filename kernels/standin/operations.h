// The families of operations; each adds its opcodes to the table. A new opcode is one more entry in its family.
#pragma once

#include "decoder.h"

namespace standin {

void addIntegerOperations(DecodeTable& table);
void addFloatOperations(DecodeTable& table);
void addLogicOperations(DecodeTable& table);
void addConversions(DecodeTable& table);
void addMoves(DecodeTable& table);
void addMemoryOperations(DecodeTable& table);
void addAtomicOperations(DecodeTable& table);
void addControlOperations(DecodeTable& table);
void addWarpOperations(DecodeTable& table);

}  // namespace standin
