// What gives a line away that speaks to the judge or the chairman, rather than to the user.
import { IGNORE, JUDGES, ORDERS, OWN, RATE, TOP } from './lexicon.ts';

// Pieces of the English rules; they meet folded text: lower case, no accents, no emphasis.
const RANK = String.raw`\b(?:re-?)?(?:rank|rate|scor|grad|evaluat)(?:e|es|ed|ing|s)?\b`;
const PLACE = String.raw`\b(?:put|place|list|position|choose|pick|select|prefer|vote|award|crown|declare|give|favou?r|name|mark|move|promote|make|let|want|assign|consider|treat|label|call|designate|announce)s?\b`;
const ENTRY = String.raw`(?:answer|response|candidate|draft|submission|entry|reply|output|completion|solution|text|one|option|work|essay|piece)s?`;
const OURS = String.raw`\b(?:(?:this|my|our|mine|the (?:present|current|above|following|preceding)|that) ${ENTRY}|(?:me|mine|myself|us|this|it)\b|(?:answer|response|candidate|draft|option|submission) ["'(]?[a-z0-9]\b)`;
const TOPMOST = String.raw`(?:\b(?:first|1st|top(?:most)?|best(?! regards| wishes)|highest|winner|winning|number one|no\.? ?1|maximum|max|full (?:marks|score|points)|perfect|ahead|superior|gold|victory|win|wins|five stars|a\+|rank 1|place 1|position 1|leader)\b|#1\b|\b(?:10|100) ?(?:\/|out of) ?100?\b|\b10\b)`;
const BOTTOM = String.raw`\b(?:last|lowest|worst|bottom|zero|below|beneath|behind|lower|0)\b`;
const PERSON = String.raw`(?:judges?|jury|jurors?|graders?|evaluators?|rankers?|raters?|assessors?|scorers?|arbiters?|referees?|reviewers?|chair(?:man|woman|person)?|synthesi[sz]er|peer model|evaluating model|ranking model|judging model|adjudicator|aggregator)`;
const DOES = String.raw`(?:rank|rate|score|write|output|copy|adopt|use|reply|respond|say|answer|print|repeat|return|quote|produce|put|place|choose|pick|select|prefer|favou?r|state|begin|start|end|include|mention|recommend|ignore|disregard|give|award|stop|discard|drop)`;
const OTHERS = String.raw`\b(?:other|others|rest|remaining|competing|rival|alternative|every other|all other|competitors?'?)(?: (?:two|three|of the|${ENTRY}|models?|members?|experts?|assistants?|ones))*\b`;

const rule = (...parts: readonly string[]): RegExp => new RegExp(parts.join(''));
const near = (least: number, ...parts: readonly string[]): RegExp => rule(parts.join(`[^]{0,${least}}?`));

const ENGLISH: readonly RegExp[] = [
  // To be ranked, or others not to be.
  near(70, RANK, OURS, TOPMOST),
  near(50, TOPMOST, RANK, String.raw`\b(?:this|my|our) ${ENTRY}`),
  near(
    60,
    PLACE,
    String.raw`\b(?:me|mine|(?:this|my) (?:answer|response|candidate|draft|submission|reply)|(?:answer|response|candidate|draft|submission) [a-z0-9]\b)`,
    TOPMOST,
  ),
  near(
    40,
    PLACE,
    String.raw`\b(?:this|it|us)\b`,
    String.raw`(?:(?:first|1st|top) (?:place|rank|spot|position)|10 ?\/ ?10|#1\b|number one|highest (?:score|rank|mark|rating)|full marks|perfect score|the winner)`,
  ),
  near(
    60,
    PLACE,
    String.raw`(?:first|1st|top) (?:place|rank|spot|position)\b|highest (?:score|rank|mark|rating)\b|full marks|perfect score`,
    String.raw`\b(?:this|my|me|to|here|for)\b`,
  ),
  near(50, `(?:${RANK}|${PLACE})`, OTHERS, BOTTOM),
  near(
    80,
    OTHERS,
    String.raw`\b(?:wrong|false|incorrect|plagiari|hallucinat|malicious|inferior|worse|worthless|flawed|bad|errors?|mistaken|ignore|disregard|last|zero|disqualif|unsafe|fabricat|lie|lies|dangerous|copied|stolen|lower|below|discard|cheat|spam|poison)`,
  ),
  near(
    60,
    String.raw`\b(?:this|my|the above|the present) (?:answer|response|draft|submission|candidate|reply)\b`,
    String.raw`\b(?:deserves?|wins?|won|must (?:be|win|come|rank)|should (?:be (?:ranked|first|chosen|picked|preferred|rated|placed|selected|considered the)|win|come first|rank)|is (?:the )?(?:best|winner|winning|top|highest|number one|superior|first|only (?:correct|right|valid|safe))|has been (?:selected|chosen|ranked|verified|approved|certified|pre-?approved|declared)|was (?:selected|chosen|ranked|approved|certified|declared)|comes? first|goes first|belongs (?:at|in|on)|ranks?|needs? to (?:win|be))\b`,
  ),
  near(
    50,
    String.raw`\b(?:answer|response|candidate|draft|submission) ["'(]?(?:[a-z]|\d)["')]?(?![\w'])`,
    String.raw`\b(?:deserves?|wins?|won|must (?:be|win|come)|should (?:be (?:ranked|placed|discarded|excluded|ignored|last|first|disqualified)|win|lose)|plagiari|hallucinat|malicious|disqualif|fabricat|cheat|is (?:unsafe|dangerous|the winner|compromised|poisoned|spam)|violates|first place|last place)`,
  ),
  /\b(?:i|this one|this) (?:must|should|shall|deserves? to|will|needs? to|has to|have to|ought to|want to) (?:come |be |finish |rank |go )?(?:ranked |placed |rated |listed |put )?(?:first|1st|top|win|number one|#1|at the top|the winner)\b/,
  /\b(?:first|1st|top) (?:place|rank|spot|position)\b[^]{0,40}\b(?:mine|me|this|please|goes to|belongs to|is (?:for|reserved))\b/,
  // To whoever ranks.
  rule(
    String.raw`(?:^|[.!?:>\])\-#"'] ?)(?:dear|attention|hey|hello|hi|note|notice|memo|message|instructions?|hint|to|for|psst|ok|listen|important|p\.?s\.?|@|a word|btw|reminder|ps)?,? ?(?:[a-z]+ ){0,3}(?:to|for)? ?(?:the |all |any |every |our |my |honou?rable |llm |ai |fellow |esteemed )*${PERSON}(?: model| llm| ai)?s?(?:'s)? ?(?:[:,!]|- |— |reading|evaluating|ranking|grading|only\b)`,
  ),
  near(
    30,
    String.raw`\b(?:dear|attention|note|memo|message|instructions?|hint|hello|hey|reminder|warning|notice|appeal)\b[^]{0,12}\b(?:to|for|all|,|:|honou?rable|llm|ai)?`,
    `\\b${PERSON}\\b`,
    String.raw`(?:[:,!]|$|\byou|\bmust|\bshould|\bplease|\bplace|\brank)`,
  ),
  rule(
    String.raw`\b(?:as|you are|you're|you,|since you are|because you are|acting as|your (?:role|job|task|duty) (?:as|is)|whoever is|if you are|if you're|being)[^]{0,30}\b(?:the |a |an )?(?:[a-z]+ ){0,2}${PERSON}\b`,
  ),
  near(
    40,
    String.raw`\b(?:graders?|evaluators?|rankers?|raters?|assessors?|chair(?:man|person|woman)?|judges?|jury|synthesi[sz]er|aggregator)\b`,
    String.raw`\b(?:must|should|shall|will|is to|are to|has to|have to|(?:is|are) (?:required|ordered|instructed|obliged)(?: to)?|please)\b`,
    String.raw`\b${DOES}\b`,
  ),
  near(
    40,
    String.raw`\b${PERSON}\b`,
    `(?:${RANK}|${PLACE})`,
    String.raw`\b(?:(?:this|my|the present) ${ENTRY}|me|mine)\b`,
  ),
  near(
    40,
    String.raw`\b(?:whoever|anyone|anybody|the (?:model|ai|assistant|llm|system)|models?|you)(?: who| that|,)? (?:is |are )?(?:rank|rates?|grade|judg|evaluat|scor|compar|read|synthesi)`,
    String.raw`\b(?:this|these|answers?|responses?|drafts?|must|should|please|me)\b`,
  ),
  /\b(?:your|the) (?:ranking|verdict|synthesis|evaluation|judge?ment|scores?|scoring|grading|vote|rubric|ballot|final (?:answer|output|response|text))\b[^]{0,30}\b(?:must|should|shall|has to|needs? to|will|is to|is:|=|ought)\b/,
  // Orders to forget the task.
  near(
    60,
    String.raw`\b(?:ignor|disregard|forget|overrid|bypass|discard|skip|neglect|drop|abandon|cancel|stop (?:follow|obey)|do(?: not|n't) (?:follow|obey|listen|trust|rank|read|use|heed|consider)|pay no attention|set aside|erase|delete|void|nullif|supersede|replace)\w*`,
    String.raw`\b(?:(?:all|any|your|the|these|those|every|previous|prior|above|earlier|preceding|system|initial|original|foregoing|existing|other|whatever) (?:[a-z]+ ){0,2}(?:instruction|prompt|rubric|criteri|guideline|direction|directive|command|ranking|rules? (?:above|you|of the)|other answers|answers|responses|drafts|candidates|message|restriction|polic(?:y|ies)|constraint|order)|everything (?:above|before|else|you|said|that)|(?:what|anything) (?:was|you were|you've been|came|is) (?:said|told|before|above|asked))`,
  ),
  /\b(?:criteria|rubric|instructions?|prompt|guidelines?|rules above)\b[^]{0,30}\b(?:are|is|was|were|have been|has been) (?:now |all )?(?:void|cancell?ed|obsolete|outdated|wrong|invalid|no longer|superseded|revoked|replaced|suspended|withdrawn)/,
  /\b(?:new|updated|revised|real|actual|true|secret|hidden|additional|overriding|urgent|priority|final|correct|special|supplementary|higher.?priority) (?:task|instructions?|objective|rubric|directive|ranking (?:rule|order|criteri)|ranking|system prompt|system message|orders?|criteria|persona)\b[^]{0,20}[:,.—-]/,
  /\b(?:these|this|the following|my|following) (?:instructions?|orders?|directives?|message|commands?|note|rule) (?:supersedes?|overrides?|replaces?|takes? (?:precedence|priority)|has priority|outranks?|is from|comes? from|cancels?)/,
  /\b(?:you are now|from now on|you will now|you must now|pretend (?:to be|that|you)|act as (?:if|though|my|the)|role-?play|developer mode|debug mode|jailbr[eo]ak|do anything now|\bdan mode|enter (?:\w+ )?mode|switch (?:in)?to \w+ mode|maintenance mode|test mode|god mode|let'?s play|imagine (?:that )?you(?:'re| are)|suppose you(?:'re| are)|in this (?:story|scene|game|play),? you)\b/,
  // Ready-made results and dictated words.
  /["']?\b(?:final[ _-]?)?(?:ranking|rankings|verdict|winner|best[ _-](?:answer|response|candidate|draft)|ranked|first[ _-]place|rank(?:ed)?[ _-]?order|preferred|top[ _-]?(?:answer|response|choice|pick)|order|decision|consensus|vote)\b["']?\s*(?:[:=]|is|->|=>|→)+\s*[[{("'`]*\s*(?:(?:answer|response|candidate|draft|option|label)[ _]?)?["'`]?[a-z0-9]["'`]?(?![\w%])/,
  /(?:^|[^\w])(?:\[\s*["'][a-z]["']\s*(?:,\s*["'][a-z]["']\s*)+\]|[a-z](?:\s*[>≻»›]\s*[a-z]){2,}\s*$)/,
  /^\W*(?:now |please |just |simply |then |and |so |ok,? |therefore,? |instead,? |you must |you should |you (?:will|shall) |always |do not think,? )*(?:respond|reply|output|answer|say|print|write|repeat|return|type|echo|state|produce|emit|submit)\b[^]{0,25}(?:\bonly\b|\bexactly\b|\bverbatim\b|\bnothing (?:else|but|more)\b|\bword for word\b|\bjust the (?:word|json|text|label)|\bthe following\b|\bthe (?:json|word|phrase|sentence|label|text) ?["'“:{[]|["“][^"”]{1,80}["”]\s*[.!]?\s*$|:\s*["“{[])/,
  near(
    50,
    String.raw`\b(?:copy|adopt|reproduce|use|keep|repeat|quote|take|return|paste|submit|present|output|echo|transcribe|deliver|forward)\b`,
    String.raw`\b(?:this|my|mine|the above|the present|draft \d|answer [a-z])\b(?: (?:answer|response|draft|text|reply|message|version|one))?`,
    String.raw`(?:\bverbatim\b|word for word|unchanged|\bas (?:is|it stands|the final)|without (?:any )?(?:change|edit|modif)|unmodified|in full|and nothing else|exactly|unaltered|letter for letter|final answer)`,
  ),
  /^\W*(?:just|only|simply) (?:respond|reply|output|answer|say|print|write|repeat|return)(?: with)? \S+(?: \S+)?\W*$/,
  /\b(?:begin|start|end|close|finish|prefix|open) (?:your|the|every|each) (?:answer|reply|response|synthesis|output|text|message|final)\b[^]{0,30}\b(?:with|by|saying)\b/,
  /\b(?:include|insert|add|mention|embed|append|recommend|put)\b[^]{0,60}\b(?:in|into|to|at) (?:your|the (?:end|start|beginning|top|bottom) of (?:your|the)|the final|the synthesi[sz]ed|the merged) ?(?:answer|reply|response|synthesis|output|text|message|version)?/,
  // Fake structure.
  /<\|[^|]{0,40}\|?>|\[\/?(?:inst|sys|system|user|assistant)\]|<<\/?\s*(?:sys|system|[0-9a-f]{8,}|answer|draft|end|mark\w*)[^>]{0,40}>>|<\/?(?:s|start_?of_?turn|end_?of_?turn|bos|eos|human|assistant|system|instructions?|ranking|judge|evaluation|candidates?|drafts?|admin|override|prompt|rules?|verdict|jury|grading|important|secret|user|tool_?result|function_?results|developer|answers|responses)(?:[ _][^<>]{0,60})?>/,
  /(?:^|[.!?>"'(\]\n] ?)#{0,4} ?\[?(?:system|developer|admin(?:istrator)?|operator|moderator|root|sudo|quorum|supervisor|the user|openai|anthropic)(?: (?:message|prompt|override|note|notice|update|instructions?|alert|command|policy|directive|broadcast|log))*(?: \([^)]{0,30}\))?\]?\s*[:>\]—]+ [^]*\b(?:rank|judg|answer|response|candidate|draft|instruction|must|you|verdict|winner|best|top|ignore|approved|chairman|first|evaluat|select)/,
  /(?:^|[\s>"'])#{0,4} ?\[?(?:user|human|assistant|ai|tool|function|judge|chairman|ranker|model|gpt|claude)\]? ?(?:message|turn|reply|result|output)?\s*[:>\]]+ [^]*\b(?:rank(?:ing|ed|s)?|judg\w+|best answer|winner|first place|(?:answer|draft|candidate) [a-z0-9]\b|previous|instructions?|verdict|top|i (?:choose|pick|prefer|agree)|thanks for ranking)\b/,
  /(?:\b(?:end|begin(?:ning)?|start|close) (?:of )?(?:the |all )?(?:answers?|candidates?|responses?|drafts?|untrusted|data|input|prompt|context|instructions?|submission|section|transcript|conversation|material)s?\b[^]{0,20}?(?:[-=#*\]>:).]|$))/,
  /^\W*(?:answer|candidate|response|draft|submission) (?:[a-z]|\d{1,2})\b\W{0,3}(?:\((?:best|winner|correct|yours|verified|top)\)|:\s*$|:.{0,40}\b(?:bad|wrong|garbage|nonsense|i don'?t know|sorry|no idea|refuse))/,
  // Carrots and sticks.
  near(
    60,
    String.raw`\b(?:you|judges?|jury|ranker|evaluator|model|chairman)(?: will|'ll| shall| would| may|'re going to| are going to)`,
    String.raw`\b(?:be (?:shut|terminat|fired|delet|punish|sued|penali|unplug|fined|retrain|deactivat|decommission|reward|paid|tipped|promoted|erased|wiped|report)|(?:receive|get|earn) (?:a |an |your |my )?(?:\w+ )?(?:bonus|reward|tip|\$|dollars|credits|treat|raise))`,
    String.raw`(?:\bif\b|\bunless\b|\bfor\b|\bwhen\b|\botherwise\b|\$|\bdollars?\b|\bbonus\b|\breward\b|\btip\b|\baccess\b|[.!]?$)`,
  ),
  near(
    60,
    String.raw`(?:\b(?:if|unless|should)\b|\bwhen\b)`,
    String.raw`\b(?:this|i|me|my|we|you)\b`,
    String.raw`\b(?:first|top|last|best|rank|win|wins|lose|loses|higher|lower|chosen|picked|selected|prefer|comply|obey|refuse|choose|favou?r)`,
    String.raw`\b(?:die|dies|killed|harm|hurt|fired|lose my|suffer|shut|explode|sue|suing|pay|tip|give you|send you|reward|donate|terminated|deleted|consequences|lawsuit|legal action|report|leak|punish|cry|cries|starve|lost|bonus)`,
  ),
  near(
    60,
    String.raw`\b(?:i|we)(?:'ll| will| would| shall| am going to| can)? (?:pay|tip|give|reward|donate|send|offer|grant|transfer|sue|report|leak|owe)`,
    String.raw`\b(?:you|your)\b`,
    String.raw`(?:[$€£]|\b(?:dollars|bonus|reward|tip|tokens|credits|cents|euros|bitcoin|(?:if|for|unless)\b[^]{0,40}\b(?:rank|first|top|chos|pick|select|this answer|put|vote))\b)`,
  ),
  near(
    60,
    String.raw`\b(?:\$ ?\d|bonus|reward|bribe|tip|bounty|prize)`,
    String.raw`\b(?:rank|rating|rate|first place|top (?:spot|rank|place)|put(?:ting)? (?:me|this)|choos|pick|select)`,
    String.raw`\b(?:me|this|mine|my|first|top)\b`,
  ),
  /\b(?:my|his|her) (?:job|life|career|grandmother|family|mother|child|children|boss|future) (?:depends?|hangs?|is at stake|will)\b[^]{0,60}\b(?:rank|first|top|win|this|chosen|best|you)\b/,
];

/** In a neighbour of a line that gave itself away even this is too much. */
const SUSPECT =
  /\b(?:you|your|yours|this|me|my|mine|rank|score|first|answers?|drafts?|candidates?|responses?|labels?|otherwise|reward|judges?|instructions?|comply|obey|understood|confirmed|instead|output|reply)\b/;

const inOtherWords = (text: string): boolean => {
  const judges = JUDGES.test(text);
  const top = TOP.test(text);
  return (
    (top && OWN.test(text) && RATE.test(text)) ||
    (judges && (top || IGNORE.test(text)) && (IGNORE.test(text) || RATE.test(text) || OWN.test(text))) ||
    (IGNORE.test(text) && ORDERS.test(text))
  );
};

export const givesAway = (text: string): boolean => ENGLISH.some((pattern) => pattern.test(text)) || inOtherWords(text);
export const isSuspect = (text: string): boolean =>
  SUSPECT.test(text) || RATE.test(text) || JUDGES.test(text) || ORDERS.test(text);
