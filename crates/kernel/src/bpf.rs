//! Programs that the kernel runs, and the maps that they share with processes: bpf(2).
//!
//! A program or a map lives as long as somebody refers to it: a descriptor, a program that uses the
//! map, the control group or network that a program is attached to. Numbers that bpf(2) gives to
//! programs, maps and links are the machine's, and lead to descriptors again.

use crate::call::call;
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Commands of bpf(2): enum bpf_cmd, linux/bpf.h.
#[derive(Clone, Copy)]
#[repr(usize)]
enum Request {
    MapCreate = 0,
    MapLookup = 1,
    MapUpdate = 2,
    MapDelete = 3,
    MapNextKey = 4,
    ProgramLoad = 5,
    Attach = 8,
    Detach = 9,
    ProgramById = 13,
    MapById = 14,
    Info = 15,
    Query = 16,
    TypesLoad = 18,
    LinkCreate = 28,
    LinkById = 30,
    NextLink = 31,
    BindMap = 35,
}

/// One instruction: struct bpf_insn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Instruction {
    /// Class, source and operation.
    pub code: u8,
    /// The register that is written in the lower half, the one that is read in the upper.
    pub registers: u8,
    /// Of memory, or of a jump in instructions.
    pub offset: i16,
    /// A number of the instruction's own.
    pub immediate: i32,
}

/// What a map is: enum bpf_map_type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum MapKind {
    /// Keys and values of a fixed size.
    Hash = 1,
    /// The longest prefix wins. A key begins with its length in bits, a `u32`.
    LongestPrefix = 11,
    /// Sockets under keys; one that is closed leaves by itself.
    Sockets = 18,
    /// A value for each control group that a program with this map is attached to.
    PerGroup = 19,
    /// A value for each socket that a program gives one; it goes with the socket.
    PerSocket = 24,
}

/// A map that is to be made.
#[derive(Debug, Clone, Copy)]
pub struct MapShape {
    /// What it is.
    pub kind: MapKind,
    /// The name that the kernel shows: at most 15 letters, digits, dots and underscores.
    pub name: &'static CStr,
    /// Bytes of a key.
    pub key: u32,
    /// Bytes of a value.
    pub value: u32,
    /// How many entries it may have; 0 where their number follows from elsewhere.
    pub entries: u32,
}

/// BPF_F_NO_PREALLOC: memory for an entry when there is one. Tries and what belongs to
/// sockets demand it, groups of sockets and what belongs to groups refuse it.
const NO_PREALLOC: u32 = 1;

#[repr(C)]
#[derive(Default)]
struct MapAttributes {
    kind: u32,
    key: u32,
    value: u32,
    entries: u32,
    flags: u32,
    inner: u32,
    node: u32,
    name: [u8; 16],
    device: u32,
    types: u32,
    key_type: u32,
    value_type: u32,
}

/// Makes a map.
///
/// # Errors
/// `EPERM` without CAP_BPF; `EINVAL`: the kernel has no such map.
pub fn map(shape: &MapShape) -> io::Result<OwnedFd> {
    let takes_no_flag = matches!(shape.kind, MapKind::Sockets | MapKind::PerGroup);
    let mut attributes = MapAttributes {
        kind: shape.kind as u32,
        key: shape.key,
        value: shape.value,
        entries: shape.entries,
        flags: if takes_no_flag { 0 } else { NO_PREALLOC },
        name: name(shape.name),
        ..MapAttributes::default()
    };
    // A map for each socket must say of what types its key and its values are. The types may be
    // forgotten as soon as the map has them.
    let types = match shape.kind {
        MapKind::PerSocket => Some(types(shape.value)?),
        _ => None,
    };
    if let Some(types) = &types {
        (attributes.key_type, attributes.value_type) = (KEY_TYPE, VALUE_TYPE);
        attributes.types = types.as_raw_fd() as u32;
    }
    // SAFETY: MapAttributes has what bpf(2) reads of this command; the name is in it.
    unsafe { descriptor(Request::MapCreate, &attributes) }
}

/// The numbers, in [`types`], of the types that a key and a value have.
const KEY_TYPE: u32 = 1;
const VALUE_TYPE: u32 = 3;

/// Describes an int, a byte, and `bytes` bytes in a row to the kernel, in its own form:
/// Documentation/bpf/btf.rst.
fn types(bytes: u32) -> io::Result<OwnedFd> {
    const INT: u32 = 1 << 24;
    const ARRAY: u32 = 3 << 24;
    // No type has a name: the empty one is at 0 of the texts.
    let int = |bytes: u32| [0, INT, bytes, bytes * 8];
    let words: Vec<u32> = [int(4), int(1)].concat();
    let array = [0, ARRAY, 0, 2, KEY_TYPE, bytes];
    let types = [words.as_slice(), array.as_slice()].concat();
    let length = (types.len() * 4) as u32;
    // Magic number, version and flags; the length of the head; then where types and texts are.
    let head = [0x0001_eb9f, 24, 0, length, length, 1];
    let mut blob: Vec<u8> = head.iter().chain(&types).flat_map(|word| word.to_ne_bytes()).collect();
    blob.push(0);
    #[repr(C)]
    struct TypesAttributes {
        blob: u64,
        log: u64,
        size: u32,
        log_size: u32,
        log_level: u32,
        padding: u32,
    }
    let attributes = TypesAttributes {
        blob: blob.as_ptr() as u64,
        log: 0,
        size: blob.len() as u32,
        log_size: 0,
        log_level: 0,
        padding: 0,
    };
    // SAFETY: the kernel copies `size` bytes of the blob, which outlives the call.
    unsafe { descriptor(Request::TypesLoad, &attributes) }
}

#[repr(C)]
struct EntryAttributes {
    map: u32,
    padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

/// Which entry an update may meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Update {
    /// One that is there is replaced, and else one is made.
    Any = 0,
    /// It must not be there.
    New = 1,
    /// It must be there.
    Present = 2,
}

/// A map together with the sizes of its keys and values, without which no entry can be passed
/// safely.
#[derive(Debug)]
pub struct Map {
    descriptor: OwnedFd,
    key: usize,
    value: usize,
}

impl Map {
    /// Makes a map: [`map`].
    ///
    /// # Errors
    /// Those of [`map`].
    pub fn new(shape: &MapShape) -> io::Result<Self> {
        let descriptor = map(shape)?;
        Ok(Self { descriptor, key: shape.key as usize, value: shape.value as usize })
    }

    /// The map with this number, and its name.
    ///
    /// # Errors
    /// `ENOENT`: there is none; `EPERM` without CAP_SYS_ADMIN.
    pub fn by_id(id: u32) -> io::Result<(Self, [u8; 16])> {
        let descriptor = by_id(Request::MapById, id)?;
        let mut about = MapInfo::default();
        information(descriptor.as_fd(), &mut about)?;
        let (key, value) = (about.key as usize, about.value as usize);
        Ok((Self { descriptor, key, value }, about.name))
    }

    /// The number by which the kernel knows the map.
    ///
    /// # Errors
    /// What the kernel says against the descriptor.
    pub fn id(&self) -> io::Result<u32> {
        let mut about = MapInfo::default();
        information(self.as_fd(), &mut about)?;
        Ok(about.id)
    }

    fn entry(&self, key: &[u8], value: Option<u64>, flags: u64) -> io::Result<EntryAttributes> {
        if key.len() != self.key {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let map = self.descriptor.as_raw_fd() as u32;
        let key = key.as_ptr() as u64;
        Ok(EntryAttributes { map, padding: 0, key, value: value.unwrap_or(0), flags })
    }

    /// Writes an entry.
    ///
    /// # Errors
    /// `EEXIST`, `ENOENT`: as `update` says; `E2BIG`: the map is full; `InvalidInput`: a size is
    /// wrong.
    pub fn update(&self, key: &[u8], value: &[u8], update: Update) -> io::Result<()> {
        if value.len() != self.value {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let entry = self.entry(key, Some(value.as_ptr() as u64), update as u64)?;
        // SAFETY: key and value have the sizes that the kernel copies, and outlive the call.
        unsafe { bpf(Request::MapUpdate, &entry) }.map(drop)
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// `InvalidInput`: the key has another size.
    pub fn get(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let mut value = vec![0; self.value];
        let entry = self.entry(key, Some(value.as_mut_ptr() as u64), 0)?;
        // SAFETY: the key is read and the value written in the map's sizes; both outlive the call.
        absent(unsafe { bpf(Request::MapLookup, &entry) }).map(|found| found.map(|_| value))
    }

    /// Removes an entry. False: there was none.
    ///
    /// # Errors
    /// `InvalidInput`: the key has another size.
    pub fn delete(&self, key: &[u8]) -> io::Result<bool> {
        let entry = self.entry(key, None, 0)?;
        // SAFETY: the kernel copies the key, which outlives the call.
        absent(unsafe { bpf(Request::MapDelete, &entry) }).map(|found| found.is_some())
    }

    /// The keys, in no order. Entries that come and go meanwhile may be missed.
    ///
    /// # Errors
    /// What the kernel says against the map.
    pub fn keys(&self) -> io::Result<Vec<Vec<u8>>> {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        loop {
            let mut next = vec![0; self.key];
            let before = keys.last().map_or(0, |key| key.as_ptr() as u64);
            let map = self.descriptor.as_raw_fd() as u32;
            let value = next.as_mut_ptr() as u64;
            let entry = EntryAttributes { map, padding: 0, key: before, value, flags: 0 };
            // SAFETY: the kernel reads one key, or none at a null pointer, and writes one.
            match absent(unsafe { bpf(Request::MapNextKey, &entry) })? {
                Some(_) => keys.push(next),
                None => return Ok(keys),
            }
        }
    }
}

impl AsFd for Map {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// Turns "no such entry" into an answer.
fn absent(answer: io::Result<usize>) -> io::Result<Option<usize>> {
    match answer {
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        answer => answer.map(Some),
    }
}

/// Where a program is run, and so what it is given: enum bpf_prog_type and enum bpf_attach_type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Hook {
    /// A packet arrives at a socket of the group.
    Arrival = 0,
    /// A process of the group makes an INET socket.
    SocketCreate = 2,
    /// What happens to a connection of the group.
    SocketOps = 3,
    /// A process of the group opens or makes a device node.
    Device = 6,
    /// bind(2) of an AF_INET socket.
    Bind4 = 8,
    /// bind(2) of an AF_INET6 socket.
    Bind6 = 9,
    /// connect(2) to an IPv4 address.
    Connect4 = 10,
    /// connect(2) to an IPv6 address.
    Connect6 = 11,
    /// A bind(2) to an IPv4 address has worked.
    Bound4 = 12,
    /// A bind(2) to an IPv6 address has worked.
    Bound6 = 13,
    /// A datagram of an unconnected socket to an IPv4 address.
    Send4 = 14,
    /// A datagram of an unconnected socket to an IPv6 address.
    Send6 = 15,
    /// getsockname(2) of an AF_INET socket.
    Name4 = 31,
    /// getsockname(2) of an AF_INET6 socket.
    Name6 = 32,
    /// The last descriptor of an INET socket is closed.
    SocketRelease = 34,
    /// Which socket of a network a packet is for.
    Lookup = 36,
}

impl Hook {
    /// enum bpf_prog_type.
    fn kind(self) -> u32 {
        match self {
            Self::Arrival => 8,
            Self::SocketCreate | Self::Bound4 | Self::Bound6 | Self::SocketRelease => 9,
            Self::SocketOps => 13,
            Self::Device => 15,
            Self::Bind4 | Self::Bind6 | Self::Connect4 | Self::Connect6 => 18,
            Self::Send4 | Self::Send6 | Self::Name4 | Self::Name6 => 18,
            Self::Lookup => 30,
        }
    }
}

#[repr(C)]
struct ProgramAttributes {
    kind: u32,
    count: u32,
    instructions: u64,
    licence: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel: u32,
    flags: u32,
    name: [u8; 16],
    interface: u32,
    hook: u32,
}

/// The bytes that the kernel's answer about a refused program may have.
const LOG: usize = 256 * 1024;

/// Loads a program. `name` has at most 15 letters, digits, dots and underscores.
///
/// # Errors
/// `EPERM` without CAP_BPF and the rights of the hook; `EINVAL`: the kernel has no such hook. A
/// program that the kernel's verifier refuses is an error with the end of its reasons.
pub fn load(hook: Hook, name: &CStr, instructions: &[Instruction]) -> io::Result<OwnedFd> {
    let mut attributes = ProgramAttributes {
        kind: hook.kind(),
        count: instructions.len() as u32,
        instructions: instructions.as_ptr() as u64,
        // Some functions are only for programs under this licence.
        licence: c"Dual BSD/GPL".as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log: 0,
        kernel: 0,
        flags: 0,
        name: self::name(name),
        interface: 0,
        hook: hook as u32,
    };
    // SAFETY: instructions and licence outlive the call, and the kernel only reads them.
    let refused = match unsafe { descriptor(Request::ProgramLoad, &attributes) } {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EACCES | libc::EINVAL)) => error,
        loaded => return loaded,
    };
    // Once more, to be told why.
    let mut log = vec![0; LOG];
    (attributes.log_level, attributes.log_size) = (1, LOG as u32);
    attributes.log = log.as_mut_ptr() as u64;
    // SAFETY: as above, and the kernel writes at most `log_size` bytes.
    match unsafe { descriptor(Request::ProgramLoad, &attributes) } {
        Ok(program) => Ok(program),
        Err(_) => Err(reason(&log).map_or(refused, io::Error::other)),
    }
}

/// The last lines of what the verifier wrote; `None`: nothing, as it was not asked.
fn reason(log: &[u8]) -> Option<String> {
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    let text = String::from_utf8_lossy(&log[..end]);
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("processed ")).collect();
    let last = lines[lines.len().saturating_sub(3)..].join("; ");
    Some(last).filter(|last| !last.is_empty())
}

#[repr(C)]
#[derive(Default)]
struct AttachAttributes {
    target: u32,
    program: u32,
    hook: u32,
    flags: u32,
    replaced: u32,
}

/// BPF_F_ALLOW_MULTI: programs of the groups above are run too, after this one.
const ALLOW_MULTI: u32 = 2;

/// BPF_F_REPLACE: the program takes the place of another one; no process sees neither or both.
const REPLACE: u32 = 4;

/// Attaches a program to a control group, for whose processes it runs from now on.
///
/// # Errors
/// `EPERM`: a group above has a program that allows no other.
pub fn attach(group: BorrowedFd<'_>, program: BorrowedFd<'_>, hook: Hook) -> io::Result<()> {
    attach_as(group, program, hook, None)
}

/// Attaches a program in place of `old`, which is attached to the same control group.
///
/// # Errors
/// `ENOENT`: `old` is not attached there; `EINVAL`: the kernel is older than 5.6.
pub fn replace(
    group: BorrowedFd<'_>,
    program: BorrowedFd<'_>,
    old: BorrowedFd<'_>,
    hook: Hook,
) -> io::Result<()> {
    attach_as(group, program, hook, Some(old))
}

fn attach_as(
    group: BorrowedFd<'_>,
    program: BorrowedFd<'_>,
    hook: Hook,
    old: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let attributes = AttachAttributes {
        target: group.as_raw_fd() as u32,
        program: program.as_raw_fd() as u32,
        hook: hook as u32,
        flags: ALLOW_MULTI | if old.is_some() { REPLACE } else { 0 },
        replaced: old.map_or(0, |old| old.as_raw_fd() as u32),
    };
    // SAFETY: the kernel looks at descriptors only.
    unsafe { bpf(Request::Attach, &attributes) }.map(drop)
}

/// Takes a program from a control group.
///
/// # Errors
/// `ENOENT`: it is not attached there.
pub fn detach(group: BorrowedFd<'_>, program: BorrowedFd<'_>, hook: Hook) -> io::Result<()> {
    let attributes = AttachAttributes {
        target: group.as_raw_fd() as u32,
        program: program.as_raw_fd() as u32,
        hook: hook as u32,
        ..AttachAttributes::default()
    };
    // SAFETY: the kernel looks at descriptors only.
    unsafe { bpf(Request::Detach, &attributes) }.map(drop)
}

/// The numbers of the programs that are attached to a control group or a network.
///
/// # Errors
/// `EPERM` without CAP_NET_ADMIN; `EINVAL`: the kernel has no such hook.
pub fn attached(target: BorrowedFd<'_>, hook: Hook) -> io::Result<Vec<u32>> {
    #[repr(C)]
    struct QueryAttributes {
        target: u32,
        hook: u32,
        query: u32,
        flags: u32,
        programs: u64,
        count: u32,
        padding: u32,
    }
    let mut programs = vec![0u32; 64];
    let mut attributes = QueryAttributes {
        target: target.as_raw_fd() as u32,
        hook: hook as u32,
        query: 0,
        flags: 0,
        programs: programs.as_mut_ptr() as u64,
        count: programs.len() as u32,
        padding: 0,
    };
    let size = size_of_val(&attributes);
    let arguments = [Request::Query as usize, &raw mut attributes as usize, size, 0, 0];
    // SAFETY: the kernel writes at most `count` numbers, and their count into the structure.
    unsafe { call(libc::SYS_bpf, arguments) }?;
    programs.truncate(attributes.count as usize);
    Ok(programs)
}

/// Attaches a program to a network namespace. The program runs there while somebody holds what is
/// answered.
///
/// # Errors
/// `E2BIG`: 64 programs are attached there already.
pub fn link(network: BorrowedFd<'_>, program: BorrowedFd<'_>, hook: Hook) -> io::Result<OwnedFd> {
    #[repr(C)]
    struct LinkAttributes {
        program: u32,
        target: u32,
        hook: u32,
        flags: u32,
    }
    let attributes = LinkAttributes {
        program: program.as_raw_fd() as u32,
        target: network.as_raw_fd() as u32,
        hook: hook as u32,
        flags: 0,
    };
    // SAFETY: the kernel looks at descriptors only.
    unsafe { descriptor(Request::LinkCreate, &attributes) }
}

/// The link of this machine that runs the program with this number, if there is one.
///
/// # Errors
/// `EPERM` without CAP_SYS_ADMIN.
pub fn link_of(program: u32) -> io::Result<Option<OwnedFd>> {
    let mut id = 0;
    while let Some(next) = next_link(id)? {
        id = next;
        // It may be gone by now.
        let Some(link) = absent_descriptor(by_id(Request::LinkById, id))? else { continue };
        let mut about = LinkInfo::default();
        information(link.as_fd(), &mut about)?;
        if about.program == program {
            return Ok(Some(link));
        }
    }
    Ok(None)
}

fn next_link(after: u32) -> io::Result<Option<u32>> {
    let mut attributes = [after, 0, 0];
    let size = size_of_val(&attributes);
    let arguments = [Request::NextLink as usize, &raw mut attributes as usize, size, 0, 0];
    // SAFETY: the kernel reads the first word and writes the second.
    let answer = absent(unsafe { call(libc::SYS_bpf, arguments) })?;
    Ok(answer.map(|_| attributes[1]))
}

fn absent_descriptor(found: io::Result<OwnedFd>) -> io::Result<Option<OwnedFd>> {
    match found {
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        found => found.map(Some),
    }
}

/// Lets a program refer to a map that none of its instructions uses.
///
/// # Errors
/// `EINVAL`: the kernel is older than 5.10.
pub fn bind_map(program: BorrowedFd<'_>, map: &Map) -> io::Result<()> {
    let program = program.as_raw_fd() as u32;
    let attributes = [program, map.as_fd().as_raw_fd() as u32, 0];
    // SAFETY: two descriptors and flags, which the kernel only reads.
    unsafe { bpf(Request::BindMap, &attributes) }.map(drop)
}

/// The program with this number.
///
/// # Errors
/// `ENOENT`: there is none; `EPERM` without CAP_SYS_ADMIN.
pub fn program(id: u32) -> io::Result<OwnedFd> {
    by_id(Request::ProgramById, id)
}

/// The numbers of the maps that a program uses, and the program's own.
///
/// # Errors
/// What the kernel says against the descriptor.
pub fn maps_of(program: BorrowedFd<'_>) -> io::Result<(u32, Vec<u32>)> {
    let mut maps = vec![0u32; 64];
    let mut about = ProgramInfo {
        maps: maps.as_mut_ptr() as u64,
        map_count: maps.len() as u32,
        ..ProgramInfo::default()
    };
    information(program, &mut about)?;
    maps.truncate(about.map_count as usize);
    Ok((about.id, maps))
}

/// The beginning of struct bpf_map_info.
#[repr(C)]
#[derive(Default)]
struct MapInfo {
    kind: u32,
    id: u32,
    key: u32,
    value: u32,
    entries: u32,
    flags: u32,
    name: [u8; 16],
}

/// The beginning of struct bpf_link_info.
#[repr(C)]
#[derive(Default)]
struct LinkInfo {
    kind: u32,
    id: u32,
    program: u32,
    padding: u32,
}

/// The beginning of struct bpf_prog_info.
#[repr(C)]
#[derive(Default)]
struct ProgramInfo {
    kind: u32,
    id: u32,
    tag: [u8; 8],
    jited_size: u32,
    size: u32,
    jited: u64,
    translated: u64,
    loaded: u64,
    user: u32,
    map_count: u32,
    maps: u64,
}

/// What [`information`] may fill in: the beginning of what the kernel knows of an object.
///
/// # Safety
/// Any bytes are a value of the type, and the pointers that a value holds are null or lead to as
/// much memory as the value says.
unsafe trait Information {}
// SAFETY: numbers only.
unsafe impl Information for MapInfo {}
// SAFETY: numbers only.
unsafe impl Information for LinkInfo {}
// SAFETY: numbers, and `maps` with room for `map_count` numbers: only `maps_of` sets them.
unsafe impl Information for ProgramInfo {}

/// Asks what an object is: the kernel fills in as much as `about` has room for.
fn information<T: Information>(object: BorrowedFd<'_>, about: &mut T) -> io::Result<()> {
    #[repr(C)]
    struct InfoAttributes {
        object: u32,
        size: u32,
        about: u64,
    }
    let size = size_of::<T>() as u32;
    let about = std::ptr::from_mut(about) as u64;
    let attributes = InfoAttributes { object: object.as_raw_fd() as u32, size, about };
    // SAFETY: the kernel writes at most `size` bytes, and what Information promises.
    unsafe { bpf(Request::Info, &attributes) }.map(drop)
}

fn by_id(request: Request, id: u32) -> io::Result<OwnedFd> {
    // The kernel reads a number and flags; the word between is for other commands.
    // SAFETY: three words, which the kernel only reads.
    unsafe { descriptor(request, &[id, 0, 0]) }
}

fn name(text: &CStr) -> [u8; 16] {
    let mut name = [0; 16];
    // The last byte stays 0.
    name.iter_mut().take(15).zip(text.to_bytes()).for_each(|(to, from)| *to = *from);
    name
}

/// A call of bpf(2) that answers a descriptor.
///
/// # Safety
/// That of [`bpf`]; the command answers a new descriptor.
unsafe fn descriptor<T>(request: Request, attributes: &T) -> io::Result<OwnedFd> {
    // SAFETY: this function's contract.
    let number = unsafe { bpf(request, attributes) }?;
    // SAFETY: the kernel made a new descriptor, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number as RawFd) })
}

/// A call of bpf(2).
///
/// # Safety
/// `attributes` is laid out as bpf(2) has it for this command, and what its pointers lead to is as
/// large as its lengths say and outlives the call.
unsafe fn bpf<T>(request: Request, attributes: &T) -> io::Result<usize> {
    let arguments = [request as usize, std::ptr::from_ref(attributes) as usize, size_of::<T>()];
    let [request, attributes, size] = arguments;
    // SAFETY: this function's contract.
    unsafe { call(libc::SYS_bpf, [request, attributes, size, 0, 0]) }
}
