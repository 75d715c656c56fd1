//! Changes to bytes: at random places, and of the kinds that readers stumble over.

/// Words that mean something to one of the formats.
const WORDS: [&[u8]; 28] = [
    b"&a [*a, *a]",
    b"*a",
    b"<<: ",
    b"!!binary ",
    b"- ",
    b": ",
    b"{",
    b"}",
    b"[[[[[[[[",
    b"\n",
    b"\t",
    b"\"",
    b"#",
    b",,,,",
    b"1e999",
    b"-1e999",
    b".nan",
    b"NaN",
    b"18446744073709551616",
    b"99999999999999999999999999",
    b"-1",
    b"0",
    b"\x1b[31m",
    b"\xff\xfe",
    b"\x00",
    b"{repeat: {times: 999999, layers: [",
    b"shape",
    b"'descr': '<f8'",
];
/// Numbers at the ends of what fits.
const NUMBERS: [u64; 10] = [0, 1, 0x7f, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 40, 1 << 63, u64::MAX];

/// A stream of changes that follows from what it is made for.
pub struct Mutator(u64);

impl Mutator {
    pub fn new(target: &str, seed: u64, number: u64) -> Self {
        let name = target
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(name ^ seed.wrapping_mul(0xd134_2543_de82_ef95) ^ number.wrapping_mul(0xa076_1d64_78bd_642f))
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.next() % n as u64) as usize }
    }

    fn range(&mut self, length: usize, most: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..(start + self.below(most + 1)).min(length)
    }

    /// One of the right inputs with one to eight changes, more often few.
    pub fn change(mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        let most = 1 + self.below(8);
        for _ in 0..=self.below(most) {
            self.change_once(&mut bytes, seeds);
        }
        bytes
    }

    fn change_once(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let length = bytes.len();
        // Headers are at the beginning or at the end, and decide most.
        let at = match self.below(4) {
            0 => self.below(length.min(128)),
            1 => length.saturating_sub(1 + self.below(128)),
            _ => self.below(length),
        };
        match self.below(10) {
            0 if length > 0 => bytes[at] ^= 1 << self.below(8),
            1 if length > 0 => bytes[at] = self.next() as u8,
            2 => {
                let number = NUMBERS[self.below(NUMBERS.len())];
                let width = [1, 2, 4, 8][self.below(4)];
                let number = if self.below(2) == 0 {
                    number.to_le_bytes()
                } else {
                    number.rotate_left(8 * (8 - width as u32)).to_be_bytes()
                };
                for (byte, new) in bytes.iter_mut().skip(at).zip(&number[..width]) {
                    *byte = *new;
                }
            }
            3 => drop(bytes.drain(self.range(length, 32))),
            4 => {
                let copied = bytes[self.range(length, 64)].to_vec();
                bytes.splice(at..at, copied);
            }
            5 => {
                let word = WORDS[self.below(WORDS.len())];
                bytes.splice(at.min(length)..at.min(length), word.iter().copied());
            }
            6 => {
                let word = WORDS[self.below(WORDS.len())];
                let end = (at + word.len()).min(length);
                bytes.splice(at.min(end)..end, word.iter().copied());
            }
            7 => {
                let other = &seeds[self.below(seeds.len())];
                let part = other[self.range(other.len(), 256)].to_vec();
                let end = (at + part.len()).min(length);
                bytes.splice(at.min(end)..end, part);
            }
            8 if self.below(4) == 0 => bytes.truncate(at),
            9 if length > 0 && bytes[at].is_ascii_digit() => bytes[at] = b'0' + self.below(10) as u8,
            _ => {
                let many = self.below(16);
                for byte in bytes.iter_mut().skip(at).take(many) {
                    *byte = self.next() as u8;
                }
            }
        }
    }
}
