//! Any bytes as a stream, in pieces: each begins with its length, one byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vitrine_turn::framer::Framer;

fuzz_target!(|bytes: &[u8]| {
    let mut framer = Framer::default();
    let mut rest = bytes;
    while let [length, tail @ ..] = rest {
        let (mut piece, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        while !piece.is_empty() {
            let space = framer.space();
            assert!(!space.is_empty());
            let count = piece.len().min(space.len());
            space[..count].copy_from_slice(&piece[..count]);
            framer.received(count);
            piece = &piece[count..];
            loop {
                match framer.next_message() {
                    Ok(Some(message)) => assert!(message.len() <= vitrine_turn::framer::MAX_STREAM_MESSAGE),
                    Ok(None) => break,
                    Err(_) => return,
                }
            }
        }
    }
});
