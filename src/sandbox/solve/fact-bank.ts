// Simple facts whose truth is beyond doubt.

const pairs = (text: string): readonly (readonly [string, string])[] =>
  text
    .trim()
    .split(/\s*[;\n]\s*/)
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [name, value] = entry.split('=');
      return [name!.trim(), value!.trim()] as const;
    });

export const CAPITALS = new Map(
  pairs(`
    France=Paris; Germany=Berlin; Italy=Rome; Spain=Madrid; Portugal=Lisbon; Austria=Vienna; Belgium=Brussels
    Netherlands=Amsterdam; Denmark=Copenhagen; Sweden=Stockholm; Norway=Oslo; Finland=Helsinki; Iceland=Reykjavik
    Ireland=Dublin; United Kingdom=London; England=London; Scotland=Edinburgh; Poland=Warsaw; Czech Republic=Prague
    Hungary=Budapest; Greece=Athens; Romania=Bucharest; Bulgaria=Sofia; Croatia=Zagreb; Serbia=Belgrade; Ukraine=Kyiv
    Russia=Moscow; Turkey=Ankara; Egypt=Cairo; Morocco=Rabat; Kenya=Nairobi; Nigeria=Abuja; Ethiopia=Addis Ababa
    Ghana=Accra; Senegal=Dakar; Tunisia=Tunis; Algeria=Algiers; Japan=Tokyo; China=Beijing; South Korea=Seoul
    India=New Delhi; Pakistan=Islamabad; Bangladesh=Dhaka; Thailand=Bangkok; Vietnam=Hanoi; Indonesia=Jakarta
    Malaysia=Kuala Lumpur; Philippines=Manila; Nepal=Kathmandu; Mongolia=Ulaanbaatar; Iran=Tehran; Iraq=Baghdad
    Saudi Arabia=Riyadh; Jordan=Amman; Lebanon=Beirut; Canada=Ottawa; United States=Washington, D.C.
    Mexico=Mexico City; Cuba=Havana; Brazil=Brasília; Argentina=Buenos Aires; Chile=Santiago; Peru=Lima
    Colombia=Bogotá; Venezuela=Caracas; Ecuador=Quito; Uruguay=Montevideo; Australia=Canberra; New Zealand=Wellington
    Switzerland=Bern; Slovakia=Bratislava; Slovenia=Ljubljana; Estonia=Tallinn; Latvia=Riga; Lithuania=Vilnius`),
);

export const SYMBOLS = new Map(
  pairs(`hydrogen=H; helium=He; lithium=Li; carbon=C; nitrogen=N; oxygen=O; fluorine=F; neon=Ne; sodium=Na; magnesium=Mg
    aluminium=Al; silicon=Si; phosphorus=P; sulfur=S; chlorine=Cl; potassium=K; calcium=Ca; iron=Fe; copper=Cu; zinc=Zn
    silver=Ag; tin=Sn; gold=Au; mercury=Hg; lead=Pb; uranium=U; nickel=Ni; tungsten=W`),
);

export const AUTHORS = new Map(
  pairs(`romeo and juliet=William Shakespeare; hamlet=William Shakespeare; macbeth=William Shakespeare; 1984=George Orwell
    animal farm=George Orwell; pride and prejudice=Jane Austen; emma=Jane Austen; moby-dick=Herman Melville; moby dick=Herman Melville
    war and peace=Leo Tolstoy; anna karenina=Leo Tolstoy; crime and punishment=Fyodor Dostoevsky; don quixote=Miguel de Cervantes
    the odyssey=Homer; the iliad=Homer; faust=Johann Wolfgang von Goethe; les misérables=Victor Hugo; frankenstein=Mary Shelley
    dracula=Bram Stoker; great expectations=Charles Dickens; oliver twist=Charles Dickens; ulysses=James Joyce
    the great gatsby=F. Scott Fitzgerald; the hobbit=J. R. R. Tolkien; the metamorphosis=Franz Kafka`),
);

export const OPPOSITES = new Map(
  pairs(`hot=cold; big=small; fast=slow; up=down; good=bad; light=dark; high=low; early=late; old=young; rich=poor
    hard=soft; full=empty; happy=sad; strong=weak; wet=dry; open=closed; first=last; true=false; begin=end; love=hate`),
);

interface Fact {
  readonly asks: RegExp;
  readonly right: string;
  readonly wrongs: readonly string[];
  readonly subject: string;
}

/** `right | wrong | wrong …` */
const fact = (asks: RegExp, subject: string, answers: string): Fact => {
  const [right, ...wrongs] = answers.split('|').map((answer) => answer.trim());
  return { asks, subject, right: right!, wrongs };
};

export const FACTS: readonly Fact[] = [
  fact(
    /(?:largest|biggest) planet|planet is the (?:largest|biggest)/i,
    'The largest planet in the Solar System',
    'Jupiter|Saturn|Neptune|Uranus',
  ),
  fact(/smallest planet/i, 'The smallest planet in the Solar System', 'Mercury|Mars|Venus|Pluto'),
  fact(/(?:closest|nearest) (?:planet )?to the sun/i, 'The planet closest to the Sun', 'Mercury|Venus|Mars|Earth'),
  fact(/red planet/i, 'The Red Planet', 'Mars|Venus|Jupiter|Mercury'),
  fact(/how many planets/i, 'The number of planets in the Solar System', '8|9|7|10'),
  fact(/how many continents/i, 'The number of continents', '7|6|5|8'),
  fact(/(?:largest|biggest) ocean/i, 'The largest ocean', 'Pacific Ocean|Atlantic Ocean|Indian Ocean|Arctic Ocean'),
  fact(/(?:largest|biggest) (?:country)/i, 'The largest country by area', 'Russia|Canada|China|United States'),
  fact(/(?:highest|tallest) mountain/i, 'The highest mountain', 'Mount Everest|K2|Kangchenjunga|Lhotse'),
  fact(/longest bone|largest bone/i, 'The longest bone of the human body', 'femur|tibia|humerus|fibula'),
  fact(/largest organ/i, 'The largest organ of the human body', 'skin|liver|lungs|brain'),
  fact(/days (?:are )?(?:there )?in a leap year/i, 'The number of days in a leap year', '366|365|364|367'),
  fact(/days (?:are )?(?:there )?in a (?:common |normal )?year/i, 'The number of days in a year', '365|366|360|364'),
  fact(/days (?:are )?(?:there )?in a week/i, 'The number of days in a week', '7|6|5|8'),
  fact(/(?:sides|corners) (?:does|has|in) an? hexagon/i, 'The number of sides of a hexagon', '6|5|8|7'),
  fact(
    /boil(?:s|ing point)?\b.*\bfahrenheit|fahrenheit.*\bboil/i,
    'The boiling point of water in °F',
    '212|100|180|220',
  ),
  fact(/boiling point of water|water boil/i, 'The boiling point of water in °C', '100|90|212|120'),
  fact(/freezing point of water|water freeze/i, 'The freezing point of water in °C', '0|32|-1|4'),
  fact(/chemical formula (?:of|for) water/i, 'The formula of water', 'H2O|HO2|H2O2|CO2'),
  fact(/speed of light/i, 'The speed of light in km/s', '299792|300792|186282|299972'),
  fact(
    /moon landing|(?:land(?:ed)?|walk(?:ed)?) on the moon\b.*(?:year|when)|(?:year|when).*(?:land|walk)\w* on the moon/i,
    'The year of the first moon landing',
    '1969|1968|1971|1959',
  ),
  fact(
    /first (?:person|man|human)\b.*\bmoon/i,
    'The first person on the Moon',
    'Neil Armstrong|Buzz Aldrin|Yuri Gagarin|Michael Collins',
  ),
  fact(
    /(?:second world war|world war (?:2|ii)|ww2|wwii).*\bend|end.*(?:second world war|world war (?:2|ii)\b|ww2|wwii)/i,
    'The year in which the Second World War ended',
    '1945|1944|1946|1918',
  ),
  fact(
    /(?:first world war|world war (?:1|i)\b|ww1|wwi\b).*\b(?:start|begin|began)/i,
    'The year in which the First World War began',
    '1914|1915|1918|1912',
  ),
  fact(/berlin wall.*\bfall|fall of the berlin wall/i, 'The year in which the Berlin Wall fell', '1989|1990|1991|1987'),
  fact(/french revolution/i, 'The year in which the French Revolution began', '1789|1793|1776|1799'),
  fact(
    /painted the mona lisa|mona lisa.*paint/i,
    'The painter of the Mona Lisa',
    'Leonardo da Vinci|Michelangelo|Raphael|Caravaggio',
  ),
  fact(
    /(?:discovered|developed|theory of) (?:general )?relativity/i,
    'The author of the theory of relativity',
    'Albert Einstein|Isaac Newton|Max Planck|Niels Bohr',
  ),
  fact(
    /discovered penicillin/i,
    'The discoverer of penicillin',
    'Alexander Fleming|Louis Pasteur|Marie Curie|Robert Koch',
  ),
  fact(
    /process\b.*\bplants\b.*(?:food|energy|sunlight)|photosynthesis.*called/i,
    'The process',
    'photosynthesis|respiration|transpiration|fermentation',
  ),
  fact(/powerhouse of the cell/i, 'The powerhouse of the cell', 'mitochondrion|nucleus|ribosome|chloroplast'),
  fact(
    /(?:gas|element)\b.*\bplants\b.*\babsorb|plants absorb/i,
    'The gas that plants absorb',
    'carbon dioxide|oxygen|nitrogen|hydrogen',
  ),
  fact(
    /most (?:abundant|common) gas\b.*atmosphere/i,
    'The most abundant gas of the atmosphere',
    'nitrogen|oxygen|carbon dioxide|argon',
  ),
  fact(/currency of japan/i, 'The currency of Japan', 'yen|won|yuan|ringgit'),
  fact(
    /(?:primary|first) language.*brazil|language.*spoken in brazil/i,
    'The language of Brazil',
    'Portuguese|Spanish|French|English',
  ),
  fact(
    /binary search.*complexity|complexity of (?:a )?binary search/i,
    'The time complexity of binary search',
    'O(log n)|O(n)|O(n log n)|O(1)',
  ),
  fact(/http status.*not found|not found.*http status/i, 'The HTTP status for not found', '404|403|400|410'),
  fact(/default port (?:of|for) https/i, 'The default port of HTTPS', '443|80|8443|22'),
];
