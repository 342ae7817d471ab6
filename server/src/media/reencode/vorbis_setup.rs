//! Looks how much room the third head of a Vorbis stream asks for, before a decoder gives it.
//!
//! A few bytes of it may announce tables of terabytes (Vorbis I, section 3.2.1), and a decoder that believes them ends the
//! whole program. Files of people need some hundred thousand values.

/// Entries of all tables together.
const MOST_ENTRIES: u64 = 1 << 18;
/// Values of all tables together.
const MOST_VALUES: u64 = 1 << 22;

/// It asks for too much, or cannot be read that far.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreasonable;

/// Walks over the tables, which stand at its front, and adds up what they ask for.
pub(super) fn is_reasonable(setup: &[u8]) -> Result<(), Unreasonable> {
    let content = setup.strip_prefix(b"\x05vorbis").ok_or(Unreasonable)?;
    let mut bits = Bits { bytes: content, at: 0 };
    let (mut entries, mut values) = (0, 0);
    for _ in 0..=bits.read(8)? {
        let (more, dimensions) = table(&mut bits)?;
        entries += more;
        values += more * dimensions;
        if entries > MOST_ENTRIES || values > MOST_VALUES {
            return Err(Unreasonable);
        }
    }
    Ok(())
}

/// Steps over one table; its entries, and the values that each of them has.
fn table(bits: &mut Bits<'_>) -> Result<(u64, u64), Unreasonable> {
    const SYNC: u64 = 0x56_4342;
    if bits.read(24)? != SYNC {
        return Err(Unreasonable);
    }
    let (dimensions, entries) = (bits.read(16)?, bits.read(24)?);
    if dimensions == 0 || entries == 0 || entries > MOST_ENTRIES || entries * dimensions > MOST_VALUES {
        return Err(Unreasonable);
    }
    if bits.read(1)? == 1 {
        lengths_in_order(bits, entries)?;
    } else {
        lengths_one_by_one(bits, entries)?;
    }
    let kind = bits.read(4)?;
    let values = match kind {
        0 => return Ok((entries, dimensions)),
        1 => lattice(entries, dimensions),
        2 => entries * dimensions,
        _ => return Err(Unreasonable),
    };
    // The least value and the step.
    bits.skip(64)?;
    let value_bits = bits.read(4)? + 1;
    bits.skip(1 + values * value_bits)?;
    Ok((entries, dimensions))
}

fn lengths_one_by_one(bits: &mut Bits<'_>, entries: u64) -> Result<(), Unreasonable> {
    if bits.read(1)? == 0 {
        return bits.skip(entries * 5);
    }
    for _ in 0..entries {
        if bits.read(1)? == 1 {
            bits.skip(5)?;
        }
    }
    Ok(())
}

fn lengths_in_order(bits: &mut Bits<'_>, entries: u64) -> Result<(), Unreasonable> {
    let (mut done, mut length) = (0, bits.read(5)? + 1);
    while done < entries {
        // As many bits as the number of those that are left has.
        done += bits.read(64 - u64::from((entries - done).leading_zeros()))?;
        length += 1;
        // 32 bits is the longest there is.
        if done > entries || length > 33 {
            return Err(Unreasonable);
        }
    }
    Ok(())
}

/// The greatest number whose power by `dimensions` is no greater than `entries`.
fn lattice(entries: u64, dimensions: u64) -> u64 {
    let fits = |side: u64| {
        (0..dimensions).try_fold(1_u64, |power, _| power.checked_mul(side).filter(|it| *it <= entries))
    };
    (1..=entries).take_while(|side| fits(*side).is_some()).last().unwrap_or(1)
}

/// From the lowest bit of the first byte on (Vorbis I, section 2.1).
struct Bits<'b> {
    bytes: &'b [u8],
    at: u64,
}

impl Bits<'_> {
    fn read(&mut self, count: u64) -> Result<u64, Unreasonable> {
        let mut value = 0;
        for nth in 0..count {
            let byte = usize::try_from(self.at / 8).ok().and_then(|at| self.bytes.get(at));
            value |= u64::from(byte.ok_or(Unreasonable)? >> (self.at % 8) & 1) << nth;
            self.at += 1;
        }
        Ok(value)
    }

    fn skip(&mut self, count: u64) -> Result<(), Unreasonable> {
        self.at += count;
        if self.at > self.bytes.len() as u64 * 8 { Err(Unreasonable) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A third head with one table: so many dimensions, so many entries, all of one length, values of this kind.
    fn head(dimensions: u64, entries: u64, kind: u64) -> Vec<u8> {
        let mut bits: Vec<bool> = Vec::new();
        let mut write = |value: u64, count: u32| {
            bits.extend((0..count).map(|nth| value.checked_shr(nth).is_some_and(|rest| rest & 1 == 1)))
        };
        write(0, 8);
        write(0x56_4342, 24);
        write(dimensions, 16);
        write(entries, 24);
        // In order: all of them are as long as the first.
        write(1, 1);
        write(0, 5);
        write(entries, 64 - entries.leading_zeros());
        write(kind, 4);
        write(0, 64);
        write(0, 4);
        write(0, 1);
        write(0, 4_096);
        let mut head = b"\x05vorbis".to_vec();
        head.extend(
            bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))),
        );
        head
    }

    #[test]
    fn usual_tables_pass_and_tables_of_terabytes_do_not() {
        assert_eq!(is_reasonable(&head(2, 256, 1)), Ok(()));
        assert_eq!(is_reasonable(&head(8, 6_561, 1)), Ok(()));
        for (dimensions, entries, kind) in [
            (65_535, 1 << 23, 1),
            (65_535, 1 << 17, 1),
            (1, 1 << 23, 0),
            (65_535, 65_535, 2),
            (0, 4, 1),
            (4, 0, 1),
        ] {
            let found = is_reasonable(&head(dimensions, entries, kind));
            assert_eq!(found, Err(Unreasonable), "{dimensions} {entries} {kind}");
        }
    }

    #[test]
    fn a_head_that_ends_early_is_not_believed() {
        let whole = head(2, 256, 1);
        for length in [0, 7, 8, 12, 16, 20] {
            assert_eq!(is_reasonable(&whole[..length]), Err(Unreasonable), "{length}");
        }
    }

    #[test]
    fn a_lattice_has_as_many_values_as_the_specification_says() {
        assert_eq!((lattice(256, 2), lattice(255, 2), lattice(1, 8), lattice(6_561, 8)), (16, 15, 1, 3));
        assert_eq!(lattice(65_535, 65_535), 1);
    }
}
