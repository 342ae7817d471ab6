//! Words and phrases of telephone talk and how they sound, from -3 to 3. Chosen by us for what people say to somebody who calls
//! them; sorted, in lower case.

/// Single words.
#[rustfmt::skip]
pub const WORDS: &[(&str, i8)] = &[
    ("absolutely", 2), ("affordable", 1), ("afraid", -1), ("agree", 1), ("agreed", 1), ("agrees", 1),
    ("alright", 1), ("amazing", 3), ("angry", -2), ("annoyed", -2), ("annoying", -2), ("appalling", -3),
    ("appealing", 1), ("appreciate", 2), ("appreciated", 2), ("atrocious", -3), ("awesome", 3),
    ("awful", -3), ("awkward", -2), ("bad", -2), ("badly", -2), ("beautiful", 2), ("benefit", 1),
    ("benefits", 1), ("best", 2), ("better", 1), ("bored", -1), ("boring", -1), ("bother", -2),
    ("bothered", -2), ("bothering", -2), ("bright", 1), ("brilliant", 3), ("broken", -2), ("busy", -1),
    ("calm", 1), ("cancel", -2), ("cancelled", -2), ("certainly", 1), ("cheerful", 1), ("clear", 1),
    ("comfortable", 1), ("complain", -1), ("complaint", -1), ("complaints", -2), ("complicated", -1),
    ("concern", -1), ("concerned", -1), ("concerns", -1), ("confident", 1), ("confused", -1),
    ("confusing", -1), ("convenient", 1), ("cool", 1), ("correct", 1), ("costly", -1), ("crook", -3),
    ("crooks", -3), ("curious", 1), ("definitely", 1), ("delay", -1), ("delayed", -1), ("delighted", 3),
    ("delightful", 2), ("despise", -3), ("difficult", -1), ("disappointed", -2), ("disappointing", -2),
    ("disappointment", -2), ("disgraceful", -3), ("disgruntled", -2), ("disgusted", -3), ("disgusting", -3),
    ("disrespectful", -2), ("doubt", -1), ("doubtful", -1), ("doubts", -1), ("dreadful", -3), ("eager", 2),
    ("easy", 1), ("efficient", 1), ("enjoy", 2), ("enjoyed", 2), ("enjoying", 2), ("enough", 1),
    ("excellent", 3), ("excited", 2), ("exciting", 2), ("expensive", -1), ("fabulous", 2), ("fail", -2),
    ("failed", -2), ("failure", -2), ("fair", 1), ("fantastic", 3), ("fine", 1), ("fraud", -3),
    ("fraudulent", -3), ("friendly", 1), ("frustrated", -2), ("frustrating", -2), ("fun", 1),
    ("furious", -3), ("glad", 2), ("gladly", 1), ("good", 1), ("grateful", 2), ("great", 2), ("handy", 1),
    ("happy", 2), ("harass", -2), ("harassing", -3), ("harassment", -3), ("hate", -3), ("hated", -3),
    ("help", 1), ("helped", 1), ("helpful", 2), ("helps", 1), ("hesitant", -1), ("hope", 1), ("hopeful", 1),
    ("hoping", 1), ("horrible", -3), ("horrific", -3), ("hung", -1), ("hurry", -1), ("illegal", -3),
    ("impolite", -2), ("impressed", 2), ("impressive", 2), ("inconvenient", -1), ("interested", 2),
    ("interesting", 2), ("intrusive", -2), ("invasive", -2), ("irritated", -2), ("irritating", -2),
    ("issue", -1), ("issues", -1), ("keen", 2), ("kind", 1), ("lack", -1), ("late", -1), ("lawsuit", -3),
    ("lawyer", -3), ("liar", -3), ("liars", -3), ("liked", 1), ("likes", 1), ("limited", -1), ("livid", -3),
    ("lost", -1), ("love", 3), ("loved", 3), ("lovely", 2), ("lying", -3), ("misleading", -2),
    ("misled", -2), ("mistake", -1), ("mistakes", -1), ("nagging", -2), ("neat", 1), ("never", -1),
    ("nice", 1), ("noisy", -1), ("nonsense", -2), ("nope", -1), ("nuisance", -2), ("odd", -1), ("ok", 1),
    ("okay", 1), ("outraged", -3), ("outrageous", -3), ("outstanding", 3), ("overpriced", -1),
    ("pathetic", -3), ("perfect", 3), ("perfectly", 3), ("pleasant", 2), ("pleased", 2), ("pleasure", 2),
    ("polite", 1), ("poor", -2), ("poorly", -2), ("positive", 1), ("pricey", -1), ("problem", -1),
    ("problems", -1), ("promising", 1), ("pushy", -1), ("quick", 1), ("reasonable", 1), ("recommend", 2),
    ("refuse", -2), ("reject", -2), ("rejected", -2), ("reliable", 1), ("reluctant", -1), ("respect", 1),
    ("right", 1), ("risk", -1), ("risky", -1), ("rude", -2), ("sad", -2), ("sadly", -1), ("safe", 1),
    ("satisfied", 2), ("save", 1), ("saves", 1), ("scam", -3), ("scammer", -3), ("scammers", -3),
    ("scams", -3), ("sceptical", -1), ("shame", -1), ("skeptical", -1), ("slow", -1), ("smart", 1),
    ("smooth", 1), ("solid", 1), ("sorry", -1), ("spam", -2), ("spammer", -2), ("spammers", -2),
    ("splendid", 2), ("stop", -2), ("strange", -1), ("stressful", -2), ("sue", -3), ("super", 2),
    ("superb", 3), ("sure", 1), ("suspicious", -2), ("terrible", -3), ("terribly", -2), ("terrific", 2),
    ("thank", 1), ("thankful", 2), ("thanks", 1), ("threatening", -3), ("thrilled", 3), ("tired", -1),
    ("tough", -1), ("trouble", -1), ("trust", 2), ("trusted", 2), ("unacceptable", -2), ("unclear", -1),
    ("uncomfortable", -1), ("unfair", -2), ("unfortunately", -1), ("unhappy", -2), ("unhelpful", -1),
    ("unless", -1), ("unlikely", -1), ("unprofessional", -2), ("unsolicited", -2), ("unsure", -1),
    ("unwanted", -2), ("unwilling", -1), ("upset", -2), ("upsetting", -2), ("useful", 1), ("useless", -2),
    ("valuable", 2), ("waste", -1), ("wasted", -1), ("weird", -1), ("welcome", 2), ("well", 1),
    ("willing", 1), ("wonderful", 3), ("worried", -1), ("worry", -1), ("worse", -2), ("worst", -3),
    ("worthless", -2), ("worthwhile", 2), ("wrong", -1), ("yay", 2), ("yeah", 1), ("yep", 1), ("yes", 1),
];

/// Two to four words that mean something else together than one by one; 0 takes the meaning away.
#[rustfmt::skip]
pub const PHRASES: &[(&str, i8)] = &[
    ("all right then", 0), ("all set", -1), ("already have", -1), ("bad time", -1), ("call back later", 1),
    ("call me back", 1), ("call me later", 1), ("call the police", -3), ("can i help", 0),
    ("can't afford", -1), ("can't complain", 2), ("can't wait", 3), ("cannot afford", -1), ("could use", 2),
    ("count me in", 2), ("do not call", -3), ("do not mind", 0), ("do not need", -2), ("do not want", -2),
    ("don't call", -3), ("don't mind", 0), ("don't need", -2), ("don't want", -2),
    ("exactly what i need", 3), ("exactly what we need", 3), ("fair enough", 1), ("fed up", -2),
    ("get lost", -3), ("go ahead", 2), ("go away", -2), ("go to hell", -3), ("good afternoon", 0),
    ("good bye", 0), ("good day", 0), ("good evening", 0), ("good idea", 2), ("good luck", 1),
    ("good morning", 0), ("good night", 0), ("good to hear", 2), ("hang up", -2), ("hanging up", -2),
    ("happy to", 2), ("have to think", -1), ("how can i help", 0), ("how dare you", -3),
    ("how did you get", -2), ("how may i help", 0), ("i guess", -1), ("i see", 1), ("i'm driving", -1),
    ("i'm good", -1), ("i'm in", 2), ("i'm sorry who", 0), ("in a meeting", -1), ("kind of", 0),
    ("late afternoon", 0), ("late morning", 0), ("leave me alone", -2), ("let me think", -1),
    ("let's do it", 2), ("like i said", 0), ("look forward", 2), ("looking forward", 2),
    ("lose my number", -2), ("made my day", 3), ("makes sense", 1), ("may i help", 0),
    ("mind your own", -2), ("more like", 0), ("more than happy", 2), ("my pleasure", 2), ("never call", -3),
    ("never mind", 0), ("no budget", -1), ("no good", -1), ("no interest", -2), ("no money", -1),
    ("no need", -1), ("no problem", 2), ("no problems", 2), ("no thank you", -2), ("no thanks", -2),
    ("no worries", 2), ("not a good time", -1), ("not at the moment", -1),
    ("not bad", 2), ("not happy", -2), ("not interested", -2), ("not now", -1), ("not right now", -1),
    ("not sure", 0), ("not today", -1), ("of course", 2), ("opt me out", -2), ("piss off", -3),
    ("quick call", 0), ("quick question", 0), ("quit calling", -3), ("remove me", -2), ("report you", -3),
    ("reporting you", -3), ("right away", 0), ("right now", 0), ("rip off", -3), ("screw you", -3),
    ("send it over", 2), ("shut up", -3), ("sick and tired", -3), ("sick of", -2), ("sign me up", 3),
    ("sorry can you", 0), ("sorry could you", 0), ("sorry what", 0), ("sorry who", 0), ("sounds good", 2),
    ("sounds great", 2), ("sounds interesting", 2), ("stop calling", -3), ("stop harassing", -3),
    ("sure thing bye", 0), ("take me off", -2), ("tell me about", 1), ("tell me more", 2),
    ("that works", 1), ("tired of", -2), ("too busy", -1), ("too expensive", -1), ("unsubscribe me", -2),
    ("waste my time", -2), ("waste of time", -2), ("wasting my time", -2), ("we're good", -1),
    ("well done", 2), ("well i", 0), ("what do you want", -2), ("what is this about", 0),
    ("where did you get", -2), ("who gave you", -2), ("why not", 2), ("works for me", 2),
    ("worth a look", 2), ("wrong number", -1), ("wrong person", -1),
];

/// Turn what follows around.
pub const NEGATIONS: &[&str] = &[
    "ain't", "aren't", "barely", "can't", "cannot", "couldn't", "didn't", "doesn't", "don't", "hardly",
    "isn't", "neither", "no", "nobody", "none", "nor", "not", "nothing", "wasn't", "weren't", "without",
    "won't", "wouldn't",
];

/// Make the next word stronger.
pub const STRENGTHENERS: &[&str] = &[
    "absolutely",
    "completely",
    "definitely",
    "especially",
    "extremely",
    "incredibly",
    "really",
    "so",
    "such",
    "too",
    "totally",
    "truly",
    "very",
];

/// Make the next word weaker.
pub const WEAKENERS: &[&str] = &[
    "bit", "fairly", "little", "maybe", "partly", "perhaps", "pretty", "quite", "rather", "slightly",
    "somewhat",
];
