//! Where kletka's memory comes from: blocks of a power of two out of one run of pages, what
//! is larger from the kernel.
//!
//! A command lives for a millisecond, and each of its processes pays for every page that it touches
//! and every area that it maps: the C library's allocators make a jail's start up to 0.2 ms longer.
//! Freed blocks are kept for their size.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

/// Blocks have 16, 32, 64 … 32,768 bytes, and lie on a multiple of that, or of [`ALIGNMENT`].
const CLASSES: usize = 12;
const SMALLEST: usize = 16;
const LARGEST: usize = SMALLEST << (CLASSES - 1);
const ALIGNMENT: usize = 64;

/// Most commands need no more; the program brings it along, and untouched pages of it cost nothing.
const FIRST: usize = 128 << 10;
/// Then as much is asked of the kernel at once, each time twice that, up to [`MOST`].
const NEXT: usize = 256 << 10;
const MOST: usize = 4 << 20;

/// The allocator; `#[global_allocator]` of the program.
#[derive(Debug)]
pub struct Memory;

static HEAP: Heap = Heap::new();

// SAFETY: all promises are those of `HEAP`.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the same.
        unsafe { HEAP.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { HEAP.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { HEAP.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        unsafe { HEAP.realloc(block, layout, size) }
    }
}

/// Whether this is the allocator that the program has.
pub(crate) fn is_in_use() -> bool {
    HEAP.with(|pool| pool.grow != 0)
}

/// Begins anew, with empty pages; all that was ever given out is gone.
///
/// # Safety
/// Nothing that was allocated is used, dropped or freed afterwards.
pub(crate) unsafe fn forget_everything() {
    HEAP.with(|pool| *pool = Pool::NEW);
    // SAFETY: these pages belong to the pool, and by this function's contract nobody
    // reads them as they were.
    unsafe { libc::madvise(HEAP.first.get().cast(), FIRST, libc::MADV_DONTNEED) };
}

struct Heap {
    /// Held by whoever has the pool. One thread has it nearly always, so this
    /// never waits in practice.
    busy: AtomicBool,
    pool: UnsafeCell<Pool>,
    first: UnsafeCell<First>,
}

#[repr(align(4096))]
struct First {
    _pages: [u8; FIRST],
}

struct Pool {
    free: [*mut Free; CLASSES],
    /// Where the run of pages in use has its next free byte.
    next: *mut u8,
    /// How many are left there.
    left: usize,
    /// Size of the next run.
    grow: usize,
}

/// A block that nobody uses.
struct Free {
    next: *mut Free,
}

// SAFETY: the pool is touched only by whoever holds `busy`; `first` only by way of the pool.
unsafe impl Sync for Heap {}

impl Heap {
    const fn new() -> Self {
        Self {
            busy: AtomicBool::new(false),
            pool: UnsafeCell::new(Pool::NEW),
            first: UnsafeCell::new(First { _pages: [0; FIRST] }),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Pool) -> T) -> T {
        while self.busy.swap(true, Ordering::Acquire) {
            std::hint::spin_loop();
        }
        // SAFETY: `busy` was free and is ours: there is no other reference.
        let answer = act(unsafe { &mut *self.pool.get() });
        self.busy.store(false, Ordering::Release);
        answer
    }
}

/// The class of a block that holds this; `None`: the kernel gives it directly.
fn class(layout: Layout) -> Option<usize> {
    let size = layout.size().max(layout.align()).max(SMALLEST);
    let small = size <= LARGEST && layout.align() <= ALIGNMENT;
    small.then(|| (size.next_power_of_two() / SMALLEST).trailing_zeros() as usize)
}

impl Pool {
    /// One that has given out nothing.
    const NEW: Self =
        Self { free: [ptr::null_mut(); CLASSES], next: ptr::null_mut(), left: 0, grow: 0 };

    fn take(&mut self, class: usize, first: *mut First) -> *mut u8 {
        let free = self.free[class];
        if !free.is_null() {
            // SAFETY: what is in this list was put there by `give`, and is used by nobody.
            self.free[class] = unsafe { (*free).next };
            return free.cast();
        }
        let size = SMALLEST << class;
        let alignment = size.min(ALIGNMENT);
        let mut skipped = self.next.addr().next_multiple_of(alignment) - self.next.addr();
        if skipped + size > self.left {
            let Some((start, length)) = self.run(first) else { return ptr::null_mut() };
            (self.next, self.left, skipped) = (start, length, 0);
        }
        // SAFETY: so many bytes are left of the run.
        let block = unsafe { self.next.add(skipped) };
        // SAFETY: as above; behind the last block stands the run's end.
        self.next = unsafe { block.add(size) };
        self.left -= skipped + size;
        block
    }

    /// A new run of pages.
    fn run(&mut self, first: *mut First) -> Option<(*mut u8, usize)> {
        if self.grow == 0 {
            self.grow = NEXT;
            return Some((first.cast(), FIRST));
        }
        let length = self.grow;
        self.grow = (length * 2).min(MOST);
        let pages = map(length);
        (!pages.is_null()).then_some((pages, length))
    }

    /// Takes a block of `class` back.
    ///
    /// # Safety
    /// [`Pool::take`] gave it out for the same class, and nobody uses it.
    unsafe fn give(&mut self, block: *mut u8, class: usize) {
        let block = block.cast::<Free>();
        // SAFETY: the block has room for a pointer and lies on a multiple of 16.
        unsafe { (*block).next = self.free[class] };
        self.free[class] = block;
    }
}

/// The bytes of the whole pages that this takes. The kernel's calls round up by themselves; but
/// what was asked for by one is named by the others in the same words.
const fn pages(size: usize) -> usize {
    size.next_multiple_of(4096)
}

/// Pages of zeros: mmap(2), whole ones. Null when there are none.
fn map(length: usize) -> *mut u8 {
    let (access, kind) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: new pages, wherever the kernel likes; nothing that is mapped is touched.
    let pages = unsafe { libc::mmap(ptr::null_mut(), length, access, kind, -1, 0) };
    if pages == libc::MAP_FAILED { ptr::null_mut() } else { pages.cast() }
}

// SAFETY: a block has the size and the alignment of its class, or pages of its own, and is given
// out once until it comes back; layouts of a class that is too small for their alignment go to the
// kernel, whose pages suffice.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match class(layout) {
            Some(class) => self.with(|pool| pool.take(class, self.first.get())),
            None if layout.align() <= 4096 => map(pages(layout.size())),
            None => ptr::null_mut(),
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the same.
        let block = unsafe { self.alloc(layout) };
        if class(layout).is_some() && !block.is_null() {
            // SAFETY: the block is new and has at least this size.
            unsafe { ptr::write_bytes(block, 0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match class(layout) {
            // SAFETY: by the caller's promise `alloc` gave it out for this
            // layout, so for this class.
            Some(class) => self.with(|pool| unsafe { pool.give(block, class) }),
            // SAFETY: by the caller's promise these are pages that `alloc`
            // has mapped for this layout.
            None => drop(unsafe { libc::munmap(block.cast(), pages(layout.size())) }),
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that `size` is not zero and does not
        // overflow with the alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (class(layout), class(new)) {
            (Some(old), Some(new)) if old == new => return block,
            (None, None) => {
                // SAFETY: these are pages that `alloc` has mapped for this layout; they may move.
                let moved = unsafe {
                    let (old, new) = (pages(layout.size()), pages(size));
                    libc::mremap(block.cast(), old, new, libc::MREMAP_MAYMOVE)
                };
                return if moved == libc::MAP_FAILED { ptr::null_mut() } else { moved.cast() };
            }
            _ => {}
        }
        // SAFETY: two blocks that do not overlap, each as large as what is copied; the old one is
        // given back under its own layout.
        unsafe {
            let moved = self.alloc(new);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of every size keep what is written to them, through growing, shrinking and reuse.
    #[test]
    fn blocks_do_not_overlap() {
        static MEMORY: Heap = Heap::new();
        let mut blocks = Vec::new();
        // Miri takes its time: it sees fewer sizes, and fewer bytes of each.
        let (each, some) = if cfg!(miri) { (13, 997) } else { (1, 1) };
        for round in 0..3_u8 {
            for size in (1..200).step_by(each).chain([4095, 4096, 32_768, 32_769, 300_000]) {
                let layout = Layout::from_size_align(size, 1 << (size % 7)).unwrap();
                // SAFETY: each block is used under the layout that it has at the time.
                unsafe {
                    let block = MEMORY.alloc(layout);
                    assert_eq!(block.addr() % layout.align(), 0, "{layout:?}");
                    ptr::write_bytes(block, round.wrapping_add(size as u8), size);
                    blocks.push((block, layout, round.wrapping_add(size as u8)));
                }
            }
            for (block, layout, byte) in &mut blocks {
                let size = (layout.size() * 3 / 2).max(2);
                // SAFETY: as above.
                unsafe {
                    let old = std::slice::from_raw_parts(*block, layout.size());
                    assert!(old.iter().step_by(some).all(|old| old == byte), "{layout:?}");
                    let kept = layout.size();
                    *block = MEMORY.realloc(*block, *layout, size);
                    *layout = Layout::from_size_align(size, layout.align()).unwrap();
                    let new = std::slice::from_raw_parts(*block, kept);
                    assert!(new.iter().step_by(some).all(|new| new == byte), "{layout:?}");
                    ptr::write_bytes(*block, *byte, size);
                }
            }
            for (block, layout, _) in blocks.drain(round as usize * 50 / each..) {
                // SAFETY: as above.
                unsafe { MEMORY.dealloc(block, layout) };
            }
        }
    }
}
