// Translates a small lexicon of phrases and words between six languages.
import { solution, type Solution } from './solution.ts';

const LANGUAGES = ['english', 'french', 'spanish', 'german', 'italian', 'portuguese'] as const;
type Language = (typeof LANGUAGES)[number];

/** One meaning a line, in the order of LANGUAGES. */
const LEXICON = `
hello|bonjour|hola|hallo|ciao|olá
good morning|bonjour|buenos días|guten Morgen|buongiorno|bom dia
good evening|bonsoir|buenas tardes|guten Abend|buonasera|boa tarde
good night|bonne nuit|buenas noches|gute Nacht|buonanotte|boa noite
goodbye|au revoir|adiós|auf Wiedersehen|arrivederci|adeus
thank you|merci|gracias|danke|grazie|obrigado
thank you very much|merci beaucoup|muchas gracias|vielen Dank|grazie mille|muito obrigado
please|s'il vous plaît|por favor|bitte|per favore|por favor
how are you|comment allez-vous|cómo estás|wie geht es dir|come stai|como você está
i love you|je t'aime|te quiero|ich liebe dich|ti amo|eu te amo
what is your name|comment vous appelez-vous|cómo te llamas|wie heißt du|come ti chiami|qual é o seu nome
where is the library|où est la bibliothèque|dónde está la biblioteca|wo ist die Bibliothek|dov'è la biblioteca|onde fica a biblioteca
where is the train station|où est la gare|dónde está la estación de tren|wo ist der Bahnhof|dov'è la stazione|onde fica a estação de trem
the cat is black|le chat est noir|el gato es negro|die Katze ist schwarz|il gatto è nero|o gato é preto
the house is big|la maison est grande|la casa es grande|das Haus ist groß|la casa è grande|a casa é grande
i am hungry|j'ai faim|tengo hambre|ich habe Hunger|ho fame|estou com fome
i would like a coffee|je voudrais un café|quisiera un café|ich möchte einen Kaffee|vorrei un caffè|eu gostaria de um café
the weather is nice today|il fait beau aujourd'hui|hoy hace buen tiempo|das Wetter ist heute schön|oggi il tempo è bello|o tempo está bom hoje
see you tomorrow|à demain|hasta mañana|bis morgen|a domani|até amanhã
how much does it cost|combien ça coûte|cuánto cuesta|wie viel kostet das|quanto costa|quanto custa
happy birthday|joyeux anniversaire|feliz cumpleaños|alles Gute zum Geburtstag|buon compleanno|feliz aniversário
yes|oui|sí|ja|sì|sim
no|non|no|nein|no|não
cat|chat|gato|Katze|gatto|gato
dog|chien|perro|Hund|cane|cachorro
house|maison|casa|Haus|casa|casa
water|eau|agua|Wasser|acqua|água
bread|pain|pan|Brot|pane|pão
book|livre|libro|Buch|libro|livro
tree|arbre|árbol|Baum|albero|árvore
friend|ami|amigo|Freund|amico|amigo
apple|pomme|manzana|Apfel|mela|maçã
red|rouge|rojo|rot|rosso|vermelho
blue|bleu|azul|blau|blu|azul
day|jour|día|Tag|giorno|dia
night|nuit|noche|Nacht|notte|noite
sun|soleil|sol|Sonne|sole|sol
school|école|escuela|Schule|scuola|escola
city|ville|ciudad|Stadt|città|cidade
car|voiture|coche|Auto|macchina|carro
the|le|el|das|il|o
is|est|es|ist|è|é
and|et|y|und|e|e
big|grand|grande|groß|grande|grande
small|petit|pequeño|klein|piccolo|pequeno`;

const ROWS: readonly (readonly string[])[] = LEXICON.trim()
  .split('\n')
  .map((line) => line.split('|'));
const plain = (text: string): string => text.toLowerCase().replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
const ROW_OF = new Map(ROWS.toReversed().flatMap((row) => row.map((cell) => [plain(cell), row] as const)));
const column = (language: Language): number => LANGUAGES.indexOf(language);

function phraseIn(question: string): string | null {
  const quoted = /["“«`]([^"”»`]+)["”»`]|'([^']+(?:'[a-z][^']*)*)'/.exec(question);
  if (quoted) return quoted[1] ?? quoted[2]!;
  const after = /(?:to|into|in) \w+(?: \w+)?\s*:\s*([^]+)$/i.exec(question)?.[1];
  const between =
    /\btranslate\s+(?:the (?:phrase|word|sentence|text|following)\s*:?\s*)?([^]+?)\s+(?:from \w+ )?(?:to|into) \w+/i.exec(
      question,
    )?.[1];
  const said = /how (?:do you|to) say ([^]+?) in \w+/i.exec(question)?.[1];
  const trailing = /\n\s*([^\n]+)\s*$/.exec(question)?.[1];
  return after ?? said ?? between ?? trailing ?? null;
}

function languageIn(text: string): Language | undefined {
  return LANGUAGES.find((language) => new RegExp(`\\b${language}\\b`, 'i').test(text));
}

/** Known phrases as a whole; else word by word, unknown words as they are. */
function render(phrase: string, to: Language): { readonly text: string; readonly known: boolean } {
  const row = ROW_OF.get(plain(phrase));
  if (row) {
    const end = /[?!.]$/.exec(phrase.trim())?.[0] ?? '';
    const text = row[column(to)]!;
    return {
      text: /^\p{Lu}/u.test(phrase.trim()) ? text[0]!.toUpperCase() + text.slice(1) + end : text + end,
      known: true,
    };
  }
  const words = phrase.trim().split(/\s+/).slice(0, 400);
  const translated = words.map((word) => ROW_OF.get(plain(word))?.[column(to)]);
  return {
    text: translated.map((word, index) => word ?? words[index]!).join(' '),
    known: translated.some((word) => word !== undefined),
  };
}

export function solveTranslation(question: string, system: string): Solution | null {
  const short = question.slice(0, 6000);
  const told = /\btranslat/i.test(short) || /how (?:do you|to) say/i.test(short);
  if (!told && !/\btranslat/i.test(system)) return null;
  const instructions = told ? short : system;
  const to =
    languageIn(/(?:\b(?:to|into)|how (?:do you|to) say [^]+? in)\s+(\w+)/i.exec(instructions)?.[1] ?? '') ??
    languageIn(instructions);
  const phrase = told ? phraseIn(short) : short;
  if (to === undefined || phrase === null) return null;
  const right = render(phrase, to);
  if (!right.known) return null;
  const neighbours = LANGUAGES.filter((language) => language !== to && language !== 'english').map(
    (language) => render(phrase, language).text,
  );
  const shortened = right.text.includes(' ') ? [right.text.split(' ').slice(0, -1).join(' ')] : [];
  return solution({ family: 'translation', form: 'text', right: right.text, wrongs: [...neighbours, ...shortened] });
}
