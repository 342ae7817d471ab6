//! The law of each state on recording calls, and the area codes that are given out there.

use crate::phone_number::PhoneNumber;

/// The day on which this table was put together, as a date. It is no advice: whoever relies on it reads the sections that are named
/// with each state, which legislators and courts change. 18 U.S.C. § 2511(2)(d) asks for one party's consent and leaves states free
/// to ask for more. Area codes are those of the North American Numbering Plan. Where readers differ, the strictest reading stands. An
/// area code that is missing here counts as a place that nobody knows.
pub const COMPILED_ON: &str = "2026-11-29";

/// Whose consent a recording needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parties {
    /// That of one party to the call: ours is enough.
    One,
    /// That of everybody on the call.
    All,
}

/// What holds in one state.
#[derive(Debug, PartialEq, Eq)]
pub struct Law {
    /// Two letters.
    pub state: &'static str,
    /// Its name, for people.
    pub name: &'static str,
    /// Whose consent is needed.
    pub parties: Parties,
    /// Where that stands.
    pub source: &'static str,
    /// Its area codes.
    pub areas: &'static [u16],
}

/// The law of the state that a number was given out in; `None` for toll-free and unknown area codes, territories and other
/// countries.
pub fn law_of(number: &PhoneNumber) -> Option<&'static Law> {
    let area = number.as_str().strip_prefix("+1").filter(|national| national.len() == 10)?.get(..3)?;
    let area: u16 = area.parse().ok()?;
    LAWS.iter().find(|law| law.areas.contains(&area))
}

const FEDERAL: &str = "18 U.S.C. § 2511(2)(d)";

const fn one(state: &'static str, name: &'static str, areas: &'static [u16]) -> Law {
    Law { state, name, parties: Parties::One, source: FEDERAL, areas }
}

const fn all(state: &'static str, name: &'static str, source: &'static str, areas: &'static [u16]) -> Law {
    Law { state, name, parties: Parties::All, source, areas }
}

/// Every state.
#[rustfmt::skip]
pub static LAWS: [Law; 51] = [
    all("CA", "California", "Cal. Penal Code § 632", &[209, 213, 279, 310, 323, 341, 350, 408, 415, 424, 442, 510, 530, 559, 562, 619, 626, 628, 650, 657, 661, 669, 707, 714, 747, 760, 805, 818, 820, 831, 840, 858, 909, 916, 925, 949, 951]),
    all("CT", "Connecticut", "Conn. Gen. Stat. § 52-570d", &[203, 475, 860, 959]),
    all("DE", "Delaware", "Del. Code tit. 11, § 1335(a)(4)", &[302]),
    all("FL", "Florida", "Fla. Stat. § 934.03(2)(d)", &[239, 305, 321, 324, 352, 386, 407, 448, 561, 645, 656, 689, 727, 728, 754, 772, 786, 813, 850, 863, 904, 941, 954]),
    all("IL", "Illinois", "720 ILCS 5/14-2", &[217, 224, 309, 312, 331, 447, 464, 618, 630, 708, 730, 773, 779, 815, 847, 861, 872]),
    all("MD", "Maryland", "Md. Code, Cts. & Jud. Proc. § 10-402(c)(3)", &[227, 240, 301, 410, 443, 667]),
    all("MA", "Massachusetts", "Mass. Gen. Laws ch. 272, § 99", &[339, 351, 413, 508, 617, 774, 781, 857, 978]),
    all("MI", "Michigan", "Mich. Comp. Laws § 750.539c, read strictly", &[231, 248, 269, 313, 517, 586, 616, 679, 734, 810, 906, 947, 989]),
    all("MT", "Montana", "Mont. Code § 45-8-213", &[406]),
    all("NV", "Nevada", "Nev. Rev. Stat. § 200.620, as its courts read it", &[702, 725, 775]),
    all("NH", "New Hampshire", "N.H. Rev. Stat. § 570-A:2", &[603]),
    all("OR", "Oregon", "Or. Rev. Stat. § 165.540, read strictly", &[458, 503, 541, 971]),
    all("PA", "Pennsylvania", "18 Pa. Cons. Stat. § 5704(4)", &[215, 223, 267, 272, 412, 445, 484, 570, 582, 610, 717, 724, 814, 835, 878]),
    all("VT", "Vermont", "no statute; read strictly", &[802]),
    all("WA", "Washington", "Wash. Rev. Code § 9.73.030", &[206, 253, 360, 425, 509, 564]),
    one("AL", "Alabama", &[205, 251, 256, 334, 659, 938]),
    one("AK", "Alaska", &[907]),
    one("AZ", "Arizona", &[480, 520, 602, 623, 928]),
    one("AR", "Arkansas", &[327, 479, 501, 870]),
    one("CO", "Colorado", &[303, 719, 720, 970, 983]),
    one("DC", "the District of Columbia", &[202, 771]),
    one("GA", "Georgia", &[229, 404, 470, 478, 678, 706, 762, 770, 912, 943]),
    one("HI", "Hawaii", &[808]),
    one("ID", "Idaho", &[208, 986]),
    one("IN", "Indiana", &[219, 260, 317, 463, 574, 765, 812, 930]),
    one("IA", "Iowa", &[319, 515, 563, 641, 712]),
    one("KS", "Kansas", &[316, 620, 785, 913]),
    one("KY", "Kentucky", &[270, 364, 502, 606, 859]),
    one("LA", "Louisiana", &[225, 318, 337, 504, 985]),
    one("ME", "Maine", &[207]),
    one("MN", "Minnesota", &[218, 320, 507, 612, 651, 763, 952]),
    one("MS", "Mississippi", &[228, 601, 662, 769]),
    one("MO", "Missouri", &[314, 417, 557, 573, 636, 660, 816, 975]),
    one("NE", "Nebraska", &[308, 402, 531]),
    one("NJ", "New Jersey", &[201, 551, 609, 640, 732, 848, 856, 862, 908, 973]),
    one("NM", "New Mexico", &[505, 575]),
    one("NY", "New York", &[212, 315, 332, 347, 363, 516, 518, 585, 607, 631, 646, 680, 716, 718, 838, 845, 914, 917, 929, 934]),
    one("NC", "North Carolina", &[252, 336, 472, 704, 743, 828, 910, 919, 980, 984]),
    one("ND", "North Dakota", &[701]),
    one("OH", "Ohio", &[216, 220, 234, 283, 326, 330, 380, 419, 436, 440, 513, 567, 614, 740, 937]),
    one("OK", "Oklahoma", &[405, 539, 572, 580, 918]),
    one("RI", "Rhode Island", &[401]),
    one("SC", "South Carolina", &[803, 821, 839, 843, 854, 864]),
    one("SD", "South Dakota", &[605]),
    one("TN", "Tennessee", &[423, 615, 629, 731, 865, 901, 931]),
    one("TX", "Texas", &[210, 214, 254, 281, 325, 346, 361, 409, 430, 432, 469, 512, 682, 713, 726, 737, 806, 817, 830, 832, 903, 915, 936, 940, 945, 956, 972, 979]),
    one("UT", "Utah", &[385, 435, 801]),
    one("VA", "Virginia", &[276, 434, 540, 571, 703, 757, 804, 826, 948]),
    one("WV", "West Virginia", &[304, 681]),
    one("WI", "Wisconsin", &[262, 274, 414, 534, 608, 715, 920]),
    one("WY", "Wyoming", &[307]),
];
