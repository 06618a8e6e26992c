//! A clock that tests move. Preloaded into the runtime (`LD_PRELOAD`), it answers in place of the C library when the time
//! of day is asked for, and adds what a file says: eight bytes, nanoseconds, named by `CYCLONE_CLOCK`. The file is mapped
//! into memory, so a step is seen at once. Clocks that measure how long something takes stay as they are.
//!
//! Nothing here allocates or calls the C library's own clock: the runtime's allocator asks for the time while it sets
//! itself up, which is where libfaketime waits for itself for ever.

#![cfg(target_os = "linux")]

use std::{
    ffi::c_int,
    ptr::null_mut,
    sync::atomic::{AtomicI64, AtomicPtr, Ordering},
};

use libc::{
    CLOCK_REALTIME, CLOCK_REALTIME_COARSE, MAP_FAILED, MAP_SHARED, O_CLOEXEC, O_RDONLY, PROT_READ, SYS_clock_gettime,
    clockid_t, getenv, mmap, open, suseconds_t, syscall, time_t, timespec, timeval,
};

const SECOND: i64 = 1_000_000_000;

/// What is added to the time of day, in nanoseconds; null when there is no such file.
static OFFSET: AtomicPtr<AtomicI64> = AtomicPtr::new(null_mut());

/// Runs when the library is loaded.
#[used]
#[unsafe(link_section = ".init_array")]
static LOADED: extern "C" fn() = map_offset;

extern "C" fn map_offset() {
    // SAFETY: the environment is not changed while libraries are loaded; the file outlives its mapping, which is never
    // undone, and is as long as the number that is read.
    unsafe {
        let path = getenv(c"CYCLONE_CLOCK".as_ptr());
        if path.is_null() {
            return;
        }
        let file = open(path, O_RDONLY | O_CLOEXEC);
        let mapped = mmap(null_mut(), size_of::<i64>(), PROT_READ, MAP_SHARED, file, 0);
        if mapped != MAP_FAILED {
            OFFSET.store(mapped.cast(), Ordering::Release);
        }
    }
}

fn offset() -> i64 {
    // SAFETY: it is null or points to a mapping that is never undone.
    unsafe { OFFSET.load(Ordering::Acquire).as_ref() }.map_or(0, |offset| offset.load(Ordering::Relaxed))
}

/// What the kernel says, moved where it is the time of day.
fn read(clock: clockid_t, time: &mut timespec) -> c_int {
    // SAFETY: the kernel writes a `timespec` to where one is.
    let result = unsafe { syscall(SYS_clock_gettime, clock, &raw mut *time) };
    if result == 0 && matches!(clock, CLOCK_REALTIME | CLOCK_REALTIME_COARSE) {
        let moved = time.tv_sec * SECOND + time.tv_nsec + offset();
        (time.tv_sec, time.tv_nsec) = (moved.div_euclid(SECOND), moved.rem_euclid(SECOND));
    }
    c_int::from(result != 0).wrapping_neg()
}

fn now() -> timespec {
    let mut time = timespec { tv_sec: 0, tv_nsec: 0 };
    read(CLOCK_REALTIME, &mut time);
    time
}

/// In place of the C library's.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    // SAFETY: the caller has room for the answer.
    unsafe { time.as_mut() }.map_or(-1, |time| read(clock, time))
}

/// In place of the C library's.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(time: *mut timeval, _: *mut libc::c_void) -> c_int {
    let timespec { tv_sec, tv_nsec } = now();
    // SAFETY: the caller has room for the answer, or wants none.
    if let Some(time) = unsafe { time.as_mut() } {
        *time = timeval { tv_sec, tv_usec: suseconds_t::from(tv_nsec / 1_000) };
    }
    0
}

/// In place of the C library's.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(time: *mut time_t) -> time_t {
    let seconds = now().tv_sec;
    // SAFETY: the caller has room for the answer, or wants none.
    if let Some(time) = unsafe { time.as_mut() } {
        *time = seconds;
    }
    seconds
}
