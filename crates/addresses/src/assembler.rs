//! Writes programs of the kernel's own machine, instruction by instruction: bpf(2), and
//! Documentation/bpf/standardization/instruction-set.rst.
//!
//! A [`Program`] is written from its first instruction to its last. Jumps name a [`Label`], which
//! may stand before or behind them, and instructions that need a map name a [`Table`]. Both become
//! numbers when the program is [finished](Program::finish).

use crate::tables::Table;
use kernel::bpf::Instruction;
use std::collections::HashMap;

/// A register. R0 has the answer of a function, R1 to R5 its arguments, which no function keeps; R6
/// to R9 are kept, and R10 is the end of the stack, of which 512 bytes lie below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Register {
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
}

/// How much of memory an instruction reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Width {
    /// 4 bytes.
    Word = 0x00,
    /// 2 bytes.
    Half = 0x08,
    /// 8 bytes.
    Double = 0x18,
}

/// The condition of a jump, without signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum If {
    Equal = 0x10,
    AtLeast = 0x30,
    NotEqual = 0x50,
    Below = 0xa0,
}

/// A function of the kernel's for programs: enum bpf_func_id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Function {
    MapLookup = 1,
    MapUpdate = 2,
    MapDelete = 3,
    CurrentUser = 15,
    LoadBytes = 26,
    CurrentTask = 35,
    GetSocketOption = 57,
    Bind = 64,
    SocketsUpdate = 70,
    GroupStorage = 81,
    FindDatagramSocket = 85,
    SocketRelease = 86,
    SocketStorage = 107,
    ReadKernel = 113,
    NetworkCookie = 122,
    Assign = 124,
    GetError = 186,
    SetError = 187,
}

/// A place in a program that jumps lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Label(u32);

/// A program that is being written.
#[derive(Debug, Default)]
pub(crate) struct Program {
    instructions: Vec<Instruction>,
    places: HashMap<Label, usize>,
    jumps: Vec<(usize, Label)>,
    tables: Vec<(usize, Table)>,
    labels: u32,
}

/// A word of 32 bits as the instruction's number holds it.
const fn number(word: u32) -> i32 {
    i32::from_ne_bytes(word.to_ne_bytes())
}

impl Program {
    fn put(&mut self, code: u8, to: Register, from: Register, offset: i16, immediate: i32) {
        let registers = ((from as u8) << 4) | to as u8;
        self.instructions.push(Instruction { code, registers, offset, immediate });
    }

    /// A new place, which [`Program::here`] says.
    pub(crate) fn label(&mut self) -> Label {
        self.labels += 1;
        Label(self.labels)
    }

    /// The place is the next instruction's.
    pub(crate) fn here(&mut self, label: Label) {
        self.places.insert(label, self.instructions.len());
    }

    /// `to = from`, 64 bits.
    pub(crate) fn copy(&mut self, to: Register, from: Register) {
        self.put(0xbf, to, from, 0, 0);
    }

    /// `to = value`; the upper half becomes 0.
    pub(crate) fn set(&mut self, to: Register, value: u32) {
        self.put(0xb4, to, Register::R0, 0, number(value));
    }

    /// `to += value`, 64 bits.
    pub(crate) fn add(&mut self, to: Register, value: i32) {
        self.put(0x07, to, Register::R0, 0, value);
    }

    /// `to |= from`, 64 bits.
    pub(crate) fn or(&mut self, to: Register, from: Register) {
        self.put(0x4f, to, from, 0, 0);
    }

    /// `to &= value`; the upper half becomes 0.
    pub(crate) fn and(&mut self, to: Register, value: u32) {
        self.put(0x54, to, Register::R0, 0, number(value));
    }

    /// Turns the lower 16 bits from network order into the processor's, or back. The rest becomes
    /// 0.
    pub(crate) fn swap_half(&mut self, to: Register) {
        self.put(0xdc, to, Register::R0, 0, 16);
    }

    /// `to = memory[from + offset]`.
    pub(crate) fn load(&mut self, width: Width, to: Register, from: Register, offset: i16) {
        self.put(0x61 | width as u8, to, from, offset, 0);
    }

    /// `memory[to + offset] = from`.
    pub(crate) fn store(&mut self, width: Width, to: Register, offset: i16, from: Register) {
        self.put(0x63 | width as u8, to, from, offset, 0);
    }

    /// `memory[to + offset] = value`.
    pub(crate) fn store_value(&mut self, width: Width, to: Register, offset: i16, value: u32) {
        self.put(0x62 | width as u8, to, Register::R0, offset, number(value));
    }

    /// `memory[to + offset] += from`, 32 bits, at once for all processors.
    pub(crate) fn add_at_once(&mut self, to: Register, offset: i16, from: Register) {
        self.put(0xc3, to, from, offset, 0);
    }

    /// `to = address of the table`.
    pub(crate) fn table(&mut self, to: Register, table: Table) {
        self.tables.push((self.instructions.len(), table));
        // A source of 1: the number is a descriptor. The second half is of the number's upper part.
        self.put(0x18, to, Register::R1, 0, 0);
        self.put(0, Register::R0, Register::R0, 0, 0);
    }

    /// Calls a function: its arguments are in R1 to R5, its answer will be in R0.
    pub(crate) fn call(&mut self, function: Function) {
        self.put(0x85, Register::R0, Register::R0, 0, function as i32);
    }

    /// Goes on at the label.
    pub(crate) fn jump(&mut self, label: Label) {
        self.jumps.push((self.instructions.len(), label));
        self.put(0x05, Register::R0, Register::R0, 0, 0);
    }

    /// Goes on at the label if 32 bits of the register and the value are so.
    pub(crate) fn jump_if(&mut self, register: Register, is: If, value: u32, label: Label) {
        self.jumps.push((self.instructions.len(), label));
        self.put(0x06 | is as u8, register, Register::R0, 0, number(value));
    }

    /// Goes on at the label if 64 bits of the register are so: for addresses and their absence.
    pub(crate) fn jump_if_null(&mut self, register: Register, label: Label) {
        self.jumps.push((self.instructions.len(), label));
        self.put(0x15, register, Register::R0, 0, 0);
    }

    /// Goes on at the label if any of the register's 64 bits is set.
    pub(crate) fn jump_unless_null(&mut self, register: Register, label: Label) {
        self.jumps.push((self.instructions.len(), label));
        self.put(0x55, register, Register::R0, 0, 0);
    }

    /// Goes on at the label if 64 bits of two registers are so.
    pub(crate) fn jump_if_registers(&mut self, a: Register, is: If, b: Register, label: Label) {
        self.jumps.push((self.instructions.len(), label));
        self.put(0x0d | is as u8, a, b, 0, 0);
    }

    /// Ends the program with this answer.
    pub(crate) fn answer(&mut self, value: u32) {
        self.set(Register::R0, value);
        self.end();
    }

    /// Ends the program with the answer in R0.
    pub(crate) fn end(&mut self) {
        self.put(0x95, Register::R0, Register::R0, 0, 0);
    }

    /// The finished program. `descriptor` answers the descriptor of a table.
    pub(crate) fn finish(mut self, descriptor: impl Fn(Table) -> i32) -> Vec<Instruction> {
        for (at, label) in &self.jumps {
            // A label without a place would be a jump to the next instruction; the tests of this
            // crate load every program.
            let place = self.places.get(label).copied().unwrap_or(at + 1);
            let distance = place as isize - *at as isize - 1;
            self.instructions[*at].offset = distance as i16;
        }
        for (at, table) in &self.tables {
            self.instructions[*at].immediate = descriptor(*table);
        }
        self.instructions
    }
}
