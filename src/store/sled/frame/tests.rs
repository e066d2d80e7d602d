//! What goes into a frame comes out of it, and nothing else does.

use proptest::prelude::*;

use super::*;

fn stamp() -> Stamp {
    Stamp { sequence: 7, synced: 5, time: Timestamp::from_seconds(1_700_000_000) }
}

fn every_kind() -> Vec<Frame> {
    let writes = vec![
        Write::Put { key: b"user/a".to_vec(), value: b"v".to_vec() },
        Write::Delete { key: Vec::new() },
    ];
    let time = Timestamp::from_seconds(3);
    let entry = Entry { key: b"k".to_vec(), value: vec![0; 70_000], version: Version(9) };
    vec![
        Frame::Header(Header { format: FORMAT, role: Role::Journal, first: 1, time }),
        Frame::Header(Header { format: FORMAT + 1, role: Role::Archive, first: u64::MAX, time }),
        Frame::Change(Change { stamp: stamp(), writes }),
        Frame::Record(entry),
        Frame::End(End { records: 1, changes: 2, sequence: 3, time, crc: 4 }),
    ]
}

fn encoded(frame: &Frame) -> Vec<u8> {
    let mut out = Vec::new();
    match frame {
        Frame::Header(header) => put_header(&mut out, header),
        Frame::Change(change) => put_change(&mut out, change.stamp, &change.writes),
        Frame::Record(entry) => put_record(&mut out, entry),
        Frame::End(end) => put_end(&mut out, end),
    }
    out
}

fn decoded(bytes: &[u8]) -> Option<Frame> {
    let (length, crc) = head(*bytes.first_chunk()?)?;
    decode(bytes.get(HEAD..HEAD + length)?, crc)
}

#[test]
fn every_kind_of_frame_reads_back() {
    for frame in every_kind() {
        assert_eq!(decoded(&encoded(&frame)), Some(frame));
    }
}

#[test]
fn a_flipped_bit_anywhere_is_seen() {
    for frame in every_kind().into_iter().filter(|frame| encoded(frame).len() < 200) {
        let good = encoded(&frame);
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decoded(&bad), None, "bit {bit} of {frame:?}");
        }
    }
}

#[test]
fn zeros_are_no_frame() {
    assert_eq!(decoded(&[0; 64]), None);
}

#[test]
fn the_largest_commit_fits_into_a_frame() {
    let write = |n: u8| Write::Put { key: vec![n; MAX_KEY], value: vec![n; MAX_VALUE] };
    let writes: Vec<Write> = (0..100).map(write).collect();
    assert_eq!(writes.len(), MAX_COMMIT);
    let frame = Frame::Change(Change { stamp: stamp(), writes });
    assert!(decoded(&encoded(&frame)) == Some(frame));
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        decode(&body, crc32fast::hash(&body));
    }
}
