// Simulated experiments with a known truth, looked at after every hundred requests, and the split of a million units.
const PER_LOOK = 100;
const percent = (share) => `${(share * 100).toFixed(1)} %`;

/** Mulberry32. */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const designOf = ({ designOf, experimentSchema }, arms = ['control', 'other'], sticky = 'request') =>
  designOf(
    'bench',
    experimentSchema.parse({ sticky, arms: Object.fromEntries(arms.map((arm) => [arm, {}])) }),
    {},
    'config',
  );

/** Right answers by arm with these shares; `look` ends it by saying so. */
function simulate(room, { seed, truth, looks, units = null }, look) {
  const random = seeded(seed);
  const arms = Object.keys(truth);
  const design = designOf(room, arms, units === null ? 'request' : 'user');
  const sums = new Map(arms.map((arm) => [arm, { units: 0 }]));
  const crowd =
    units === null
      ? null
      : Array.from({ length: units }, (_, unit) => {
          const arm = arms[Math.floor(random() * arms.length)];
          sums.get(arm).units += 1;
          // Each user is either well served or not, most of the time.
          return {
            arm,
            name: (unit * 40_503).toString(16).padStart(12, '0'),
            quality: random() < truth[arm] ? 0.95 : 0.2,
          };
        });
  for (let nth = 1; nth <= looks; nth += 1) {
    for (let request = 0; request < PER_LOOK; request += 1) {
      const user = crowd?.[Math.floor(random() * crowd.length)];
      const arm = user?.arm ?? arms[Math.floor(random() * arms.length)];
      const quality = random() < (user?.quality ?? truth[arm]) ? 1 : 0;
      const into = sums.get(arm);
      for (const [name, value] of Object.entries(room.sumsOf({ quality }, user?.name ?? null)))
        into[name] = (into[name] ?? 0) + value;
      if (crowd === null) into.units += 1;
    }
    if (look(room.resultsOf(design, sums), nth)) return;
  }
}

const isDecided = ({ decision: { state } }) => state === 'winner' || state === 'harmful';

/** A/A: nothing is there to be found. */
export function* same(room) {
  for (const [what, runs, looks, truth] of [
    ['A/A, two arms at 85 %', 2_000, 40, { a: 0.85, b: 0.85 }],
    ['A/A, two arms at 98 %', 500, 40, { a: 0.98, b: 0.98 }],
    ['A/A, two arms at 50 %', 500, 40, { a: 0.5, b: 0.5 }],
    ['A/A, four arms at 85 %', 500, 40, { a: 0.85, b: 0.85, c: 0.85, d: 0.85 }],
  ])
    yield falseWinners(room, `${what}, ${runs} runs, ${looks} looks: a false winner or loser`, runs, { looks, truth });
  yield falseWinners(room, 'A/A, 200 users whose requests are alike, 500 runs, 40 looks: the same', 500, {
    looks: 40,
    truth: { a: 0.7, b: 0.7 },
    units: 200,
  });
}

/** A/B: what is there is known. */
export function* lift(room) {
  for (const [known, looks] of [
    [0.1, 20],
    [0.06, 40],
    [0.03, 200],
  ])
    yield* knownLift(room, known, looks, 400);
}

function falseWinners(room, what, runs, setting) {
  let wrong = 0;
  for (let seed = 1; seed <= runs; seed += 1)
    simulate(room, { ...setting, seed }, (results) => {
      if (isDecided(results)) wrong += 1;
      return isDecided(results);
    });
  return { what, measured: percent(wrong / runs), target: '≤ 5 %', ok: wrong / runs <= 0.05 };
}

function* knownLift(room, lift, looks, runs) {
  let [found, covered, requests] = [0, 0, 0];
  for (let seed = 1; seed <= runs; seed += 1) {
    let [covers, winner] = [true, null];
    simulate(room, { seed: seed + 1e6, truth: { control: 0.8, other: 0.8 + lift }, looks }, (results, nth) => {
      const { low, high } = results.arms[1].lifts.quality;
      covers &&= low <= lift && high >= lift;
      if (winner === null && results.decision.state === 'winner') {
        winner = results.decision.arm;
        requests += nth * PER_LOOK;
      }
      return false;
    });
    if (covers) covered += 1;
    if (winner === 'other') found += 1;
  }
  const about = `A/B, 80 % against ${percent(0.8 + lift)}, ${runs} runs, ${looks * PER_LOOK} requests`;
  yield {
    what: `${about}: found, after so many requests`,
    measured: `${percent(found / runs)}, ${Math.round(requests / Math.max(1, found))}`,
    target: 'found',
    ok: found / runs >= 0.95,
  };
  yield {
    what: `${about}: the interval covers the lift at every look`,
    measured: percent(covered / runs),
    target: '≥ 95 %',
    ok: covered / runs >= 0.95,
  };
}

/** 99.9 % points. */
const CRITICAL = { 1: 10.83, 2: 13.82, 3: 16.27 };

export function* split(room) {
  const UNITS = 1_000_000;
  for (const weights of [
    [1, 1],
    [90, 10],
    [5, 3, 2],
    [1, 1, 1, 1],
  ]) {
    const arms = weights.map((weight, at) => ({ name: `arm ${at}`, weight }));
    const counts = weights.map(() => 0);
    let moved = 0;
    for (let unit = 0; unit < UNITS; unit += 1) {
      const arm = room.armOf({ name: 'million', arms }, `user-${unit}`);
      counts[arms.indexOf(arm)] += 1;
      if (unit % 10 === 0 && room.armOf({ name: 'million', arms }, `user-${unit}`) !== arm) moved += 1;
    }
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const chi = counts.reduce((sum, count, at) => {
      const expected = (UNITS * weights[at]) / total;
      return sum + (count - expected) ** 2 / expected;
    }, 0);
    yield {
      what: `a million units by ${weights.join(' : ')}: χ² of ${weights.length - 1} degrees; asked again, in another arm`,
      measured: `${chi.toFixed(2)}; ${moved}`,
      target: `< ${CRITICAL[weights.length - 1]}; 0`,
      ok: chi < CRITICAL[weights.length - 1] && moved === 0,
    };
  }
}
