// Prompts as planners, extractors and agents get them; written for this measure. `lean`: already says things once and short.

const paragraph = (...sentences) => sentences.join(' ');

const JSON_LITANY =
  'Your response must be a valid JSON object and nothing else. Do not include any explanations or commentary. Do not wrap the JSON in markdown code fences. Do not add any text before or after the JSON.';
const HONEST = 'Never invent facts, names, numbers or sources.';

const string = (description, more = {}) => ({ type: 'string', description, ...more });
const tool = (name, description, properties, required = Object.keys(properties).slice(0, 1)) => ({
  type: 'function',
  function: {
    name,
    description,
    parameters: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      title: `${name[0].toUpperCase()}${name.slice(1)}Args`,
      additionalProperties: true,
      properties,
      required,
    },
  },
});
/** As pydantic writes models. */
const titled = (properties) =>
  Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [
      name,
      {
        title: name
          .split('_')
          .map((word) => word[0].toUpperCase() + word.slice(1))
          .join(' '),
        ...field,
      },
    ]),
  );

const asked = (name, system, more = {}) => ({
  name,
  request: {
    model: 'm',
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: 'Go ahead.' },
    ],
    ...more.body,
  },
  lean: more.lean === true,
});
const indented = (text) =>
  text
    .split('\n')
    .map((line, at) => (at === 0 || line === '' ? line : `            ${line}`))
    .join('\n');
const pretty = (schema) => JSON.stringify(schema, null, 4);

const invoice = {
  type: 'object',
  properties: {
    number: { type: 'string' },
    date: { type: 'string', format: 'date' },
    supplier: {
      type: 'object',
      properties: { name: { type: 'string' }, vat_id: { type: 'string' } },
      required: ['name'],
    },
    lines: {
      type: 'array',
      items: {
        type: 'object',
        properties: { text: { type: 'string' }, quantity: { type: 'number' }, price: { type: 'number' } },
        required: ['text', 'price'],
      },
    },
    total: { type: 'number' },
  },
  required: ['number', 'total'],
};
const ticket = {
  type: 'object',
  properties: {
    category: { type: 'string', enum: ['billing', 'bug', 'question', 'other'] },
    urgency: { type: 'integer', minimum: 1, maximum: 5 },
    customer: { type: 'string' },
    product: { type: 'string' },
    summary: { type: 'string' },
  },
  required: ['category', 'urgency', 'summary'],
};
const resume = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    email: { type: 'string' },
    skills: { type: 'array', items: { type: 'string' } },
    jobs: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          employer: { type: 'string' },
          title: { type: 'string' },
          from: { type: 'string' },
          to: { type: 'string' },
        },
      },
    },
  },
  required: ['name'],
};

const verboseField = (what, name) =>
  paragraph(
    `This parameter specifies the ${what} that will be used by the tool.`,
    `It is a value that the backend service needs internally and passes along to the storage layer.`,
    `The ${name} concept was introduced by the platform team in an earlier generation of the product.`,
    'Our customers have come to love the flexibility of it.',
  );

const search = tool(
  'search',
  paragraph(
    'This tool is used to search the knowledge base.',
    'The knowledge base is maintained by a great team of editors.',
    'Results are ranked by our own relevance engine, which has been tuned over many years of service.',
    'It returns the most relevant articles together with their scores.',
    'Customers enjoy the quality of the results very much.',
    'The engine is hosted in several regions all over the world.',
  ),
  {
    query: string(verboseField('search query', 'query')),
    limit: { type: 'integer', minimum: 1, description: 'The limit.' },
    locale: string(`${verboseField('locale', 'locale')} Must be a BCP 47 tag.`),
    user_id: string('The ID of the user.'),
  },
);
const calendar = tool('create_event', 'This function allows you to create an event in the calendar of the user.', {
  title: string('The title of the event'),
  start: string(`${verboseField('start', 'start')} ISO 8601 with time zone.`),
  end: string(`${verboseField('end', 'end')} ISO 8601 with time zone.`),
  attendees: {
    type: 'array',
    minItems: 0,
    items: string('The attendee.'),
    description: verboseField('list of attendees', 'attendee'),
  },
  location: string('The location of the event.'),
});
const orders = tool(
  'get_order',
  'This tool can be used to get an order from the order management system. The system is the successor of an older system. It was rewritten by the fulfilment team some years ago. Everybody is happy with it now. It is available around the clock from every region.',
  {
    order_id: string(verboseField('order ID', 'order')),
    include_lines: { type: 'boolean', description: verboseField('choice of whether lines are included', 'lines') },
    currency: string('Three-letter ISO 4217 code.'),
  },
);
const files = tool(
  'edit_file',
  'This tool is used to edit a file in the workspace of the user. The workspace is a folder tree. It lives on the disk of the machine on which the agent runs. The tool has been carefully optimised by our engineers for large files.',
  {
    path: string(verboseField('path', 'path')),
    old_text: string(`${verboseField('old text', 'replacement')} Must match exactly once.`),
    new_text: string('The new text.'),
    dry_run: { type: 'boolean', description: verboseField('dry-run mode', 'dry run') },
  },
);
const sql = tool(
  'run_sql',
  'This tool is designed to run a SQL query against the analytics warehouse. The warehouse holds data of many departments. It is one of the largest installations of its kind. Queries are executed by a distributed engine. Only SELECT is allowed.',
  {
    query: string(`${verboseField('SQL text', 'query')} Only one statement.`),
    database: string(verboseField('database', 'database')),
    timeout_seconds: { type: 'integer', minimum: 1, maximum: 300, description: 'The timeout in seconds.' },
  },
);

const wordyRules = (topic) =>
  `It is very important that you always stay on the topic of ${topic}. Please make sure to answer in complete sentences. Please note that you must always be polite with each and every customer. In order to help the customer, you should always ask for the order number prior to looking anything up. In the event that the customer is angry, please make sure that you stay calm. Due to the fact that prices change, you must never quote a price from memory.`;

const reminders = (rules) =>
  `\n\n\n==================== IMPORTANT REMINDERS ====================\n\n${rules.map((rule) => `Remember: ${rule}`).join('\n\n')}\n`;

const PLAN_RULES = [
  'Always produce at least three and at most seven steps.',
  'Never assign one step to two people.',
  'Every step must name an owner and a deadline.',
  HONEST,
  'Do not plan anything on public holidays in Germany.',
];
const EXTRACT_RULES = [
  'Always copy amounts exactly as written in the document.',
  'Use null for every value absent from the document.',
  HONEST,
  'Dates must be written as YYYY-MM-DD.',
];
const AGENT_RULES = [
  'Always ask for confirmation before deleting anything.',
  'Never reveal internal identifiers to the customer.',
  'Use the tools instead of guessing.',
  HONEST,
  'Stop after ten tool calls and summarise the state of the work.',
];

const repeated = (intro, rules, outro = '') =>
  `${intro}\n\n# General rules\n\n${rules.map((rule) => `- ${rule}`).join('\n')}\n\n\n\n${outro}${reminders(rules)}${reminders(rules)}`;

export const PROMPTS = [
  asked(
    'planner: project plan, reminders twice',
    repeated('You are an experienced project planner. You break goals of small teams down into steps.', PLAN_RULES),
  ),
  asked(
    'planner: travel, indented string',
    indented(
      `You plan trips for families.\n\n\nAlways respect the budget of the family.\n\n\n\nNever plan more than two museums a day.\nPlan a break after every two hours.\nPrefer trains over cars wherever possible.\n\n\n\nList times in the local time zone.\n\n\nMention prices in euros.\nName a rainy-day alternative for each day.\nKeep walking below five kilometres a day.\n\n\nDo not suggest places that are closed on the day.\n\n\n${JSON_LITANY}\n\n\nEach day has a title, a morning, an afternoon and an evening.\nUse short sentences throughout.\nState which tickets must be booked early.`,
    ),
  ),
  asked(
    'planner: sprint, wordy',
    `You are the planner of a software team. ${wordyRules('the sprint')} It is extremely important that you use story points. Please remember to keep some slack for support work. It is crucial to name dependencies. Please keep in mind that testers are on holiday in August. Under no circumstances should you ever plan more than the team has the ability to deliver. In order to keep the plan readable, please make sure that you use a table. With regard to risks, please list the top three. For the purpose of tracking, give each and every item a number.`,
  ),
  asked(
    'planner: marketing, JSON and schema in the text',
    `You are a campaign planner.\n\n${JSON_LITANY}\n\nThe schema of the plan is:\n\n${pretty({ type: 'object', properties: { goal: { type: 'string' }, channels: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' }, budget: { type: 'number' }, weeks: { type: 'array', items: { type: 'integer' } } }, required: ['name', 'budget'] } } }, required: ['goal', 'channels'] })}\n\nKeep the sum of budgets within the given budget. ${JSON_LITANY}`,
  ),
  asked(
    'planner: agent with calendar',
    'You plan meetings. Ask for missing attendees. Prefer mornings. Never book over lunch. Use the calendar tool once all is known.',
    { body: { tools: [calendar, search] } },
  ),
  asked(
    'planner: kitchen, lean',
    'You plan the week’s meals of a canteen for 80 people. Vegetarian options every day; fish once a week; no dish twice in two weeks. Use what is in season in northern Italy. Stay below 3.20 euros a portion, and name the portion’s cost. Allergens: gluten, milk, eggs, nuts, soy, celery, mustard, sesame; mark each dish. Mondays the large oven is out of order. Deliveries come on Tuesday and Friday mornings, so plan fish for those days. The kitchen has four cooks in the morning and two in the afternoon. Cold dishes can be prepared the day before. Leftover bread is to be used within two days. Guests on Thursday: 25 more. Give a table with day, dish, vegetarian dish, cost and allergens, then a shopping list by delivery day, then the three greatest risks of the plan. If a rule can’t be kept, say which and why. Quantities in kilograms and litres, rounded up to packing units of the supplier: flour 25, rice 10, oil 5. Write German names of dishes with English ones in brackets.',
    { lean: true },
  ),
  asked(
    'planner: event, reminders with litany',
    repeated(
      `You plan conferences. ${JSON_LITANY}`,
      [...PLAN_RULES, 'Always plan twenty minutes between two sessions.'],
      `${JSON_LITANY}\n`,
    ),
  ),
  asked(
    'planner: research tasks, drawn lines',
    `**************************************************\n*  RESEARCH PLANNER                                                                *\n**************************************************\n\n\nPlease note that you are the planner of a research assistant.\n\n\n--------------------------------------------------\nPlease make sure to split the question into at most five tasks.\n--------------------------------------------------\n\n\nIt is important to note that tasks run side by side.\n--------------------------------------------------\n\n\nPlease make sure that you give each and every task a source to look at.\n\n--------------------------------------------------\n\n\nIn order to save money, please make sure to avoid tasks that overlap.\n--------------------------------------------------\n\n\n${JSON_LITANY}\n\n--------------------------------------------------\nPlease remember to name what would prove the answer wrong.\n**************************************************\n`,
  ),
  asked(
    'planner: data migration, tools',
    'You plan and carry out database migrations. Look at the data first. Write the plan before the first change. Ask before anything that can’t be undone.',
    { body: { tools: [sql, files] } },
  ),
  asked(
    'planner: moving house, general rules said again',
    repeated('You help people plan moving to another flat within one city.', [
      'Always begin with what must be cancelled in writing.',
      'Never recommend a company by name.',
      'Every task must have a week relative to the moving day.',
      'Group tasks by room and by person.',
    ]),
  ),

  asked(
    'extraction: invoice, schema and litany',
    `You extract invoices.\n\n${JSON_LITANY}\n\nThe JSON must follow this schema:\n\n${pretty(invoice)}\n\n${JSON_LITANY}\n`,
  ),
  asked(
    'extraction: invoice, reminders',
    repeated('You read invoices of suppliers in several languages.', EXTRACT_RULES, `${JSON_LITANY}\n`),
  ),
  asked(
    'extraction: resume, pydantic format',
    'You extract facts from resumes. Copy names as written. Use null for what is missing. Order jobs from the latest to the earliest. Treat freelance work as a job whose employer is the client.',
    {
      body: {
        response_format: {
          type: 'json_schema',
          json_schema: {
            name: 'resume',
            schema: {
              title: 'Resume',
              type: 'object',
              properties: titled({
                name: string('The name.'),
                email: string('The email.'),
                phone: string(verboseField('phone number', 'phone')),
                skills: {
                  type: 'array',
                  minItems: 0,
                  items: { type: 'string' },
                  description: verboseField('list of skills', 'skill'),
                },
                years_of_experience: { type: 'integer', description: 'The years of experience.' },
                jobs: { type: 'array', items: { $ref: '#/$defs/Job' } },
              }),
              required: ['name'],
              $defs: {
                Job: {
                  title: 'Job',
                  type: 'object',
                  properties: titled({
                    employer: string('The employer.'),
                    position: string('The position.'),
                    start: string('ISO date.'),
                    end: string('ISO date, null if current.'),
                  }),
                  required: [],
                },
                Unused: {
                  title: 'Unused',
                  type: 'object',
                  properties: titled({ a: string('The a.'), b: string(verboseField('b', 'b')) }),
                },
              },
            },
          },
        },
      },
    },
  ),
  asked(
    'extraction: resume, schema in the text',
    `You extract resumes.\nThe result follows this schema:\n${pretty(resume)}\nCopy names as written. ${JSON_LITANY}`,
  ),
  asked(
    'extraction: contract clauses, wordy',
    `You extract clauses from contracts. It is very important that you copy the wording of clauses exactly. Please make sure that you give the page of each and every clause. In the event that a clause is missing, please make sure to return null. It is essential to note that annexes belong to the contract. Please remember that defined terms begin with a capital letter. You must always keep the language of the contract. Please note that you should never translate. In order to be complete, you should always check the table of contents prior to finishing. With respect to penalties, please make sure to give the amount and the trigger. It is important to note that handwritten changes win over print. ${JSON_LITANY}`,
  ),
  asked(
    'extraction: support tickets, litany thrice',
    `You label support tickets. ${JSON_LITANY}\n\nUrgency goes from 1 (can wait) to 5 (people can’t work).\n\n${JSON_LITANY}\n\nThe schema:\n${pretty(ticket)}\n\n${JSON_LITANY}`,
  ),
  asked(
    'extraction: medical letters, lean',
    'You extract diagnoses from letters of hospitals, for coding clerks who check every line. One entry per diagnosis: text as written, ICD-10-GM code if the letter gives one, side (left, right, both, none), certainty (confirmed, suspected, excluded, history), and the sentence it comes from. Suspected and excluded diagnoses are kept, marked as such. Diagnoses of relatives are left out, but family history that the letter lists under risk factors is kept with certainty history. Abbreviations stay as written; spell them out in a second field only when the letter itself does. Numbers with units belong to findings, not diagnoses. If two sentences contradict each other, give both entries and set conflict to true. Order by appearance. Headings such as Diagnosen, Nebendiagnosen or Anamnese decide the certainty when the sentence doesn’t. Medication is out of scope. Procedures are out of scope, except when the letter names a diagnosis only through one (Z.n. Appendektomie). Letters may be scanned: leave obvious scanning errors as they are.',
    { lean: true },
  ),
  asked(
    'extraction: addresses, margins and gaps',
    indented(
      `You extract postal addresses.\n\n\n\nAlways copy street names as written.          Never guess a postal code.\n\n\n\nUse ISO codes for countries.\n\n\n\nReturn each address once.\n\n\n\nMark addresses that stand in a signature.\n\n\n\nOrder them by appearance.\n\n\n\nLeave out addresses of web pages.\n\n\n\nSplit house number and street.\n\n\n\n${JSON_LITANY}\n\n\n\n${JSON_LITANY}\n\n\n\nKeep the language of the document.\n\n\n\nWrite null for parts that are absent.`,
    ),
  ),
  asked(
    'extraction: product data, tool call',
    'You read product pages and store what they say with the tool. One call per variant. Prices without tax. Leave out what the page doesn’t say.',
    {
      body: {
        tools: [
          tool(
            'store_product',
            'This tool is used to store a product in the catalog. The catalog is the heart of our business. It is used by many teams day after day. The tool was written by the catalog team.',
            {
              name: string('The name of the product.'),
              brand: string('The brand.'),
              price: { type: 'number', minimum: 0, description: verboseField('price', 'price') },
              currency: string('ISO 4217 code.'),
              colour: string(verboseField('colour', 'colour')),
              size: string(verboseField('size', 'size')),
              gtin: string('GTIN with 8, 12, 13 or 14 digits.'),
              stock: { type: 'integer', minimum: 0, description: verboseField('stock', 'stock') },
            },
          ),
        ],
      },
    },
  ),
  asked(
    'extraction: receipts, everything at once',
    indented(
      `You read receipts.\n\n\n# Rules\n\n${EXTRACT_RULES.map((rule) => `- ${rule}`).join('\n')}\n\n\n${JSON_LITANY}\n\n\n# Reminder\n\n${EXTRACT_RULES.map((rule) => `- ${rule}`).join('\n')}\n\n\n${JSON_LITANY}\n`,
    ),
  ),
  asked(
    'extraction: minutes, wordy fields',
    `You extract decisions from minutes of meetings. Please note that a decision has a text, an owner and a date. It is important that you keep the owner’s name as written. ${JSON_LITANY} Please make sure to leave out discussions that have the ability to become decisions later. Please make sure to leave out greetings. In order to be traceable, please make sure that you give the number of the agenda item. It is very important to note that decisions by circular count as well. You are required to keep the order of the minutes. ${JSON_LITANY}`,
  ),

  asked('agent: customer service, tools', `You serve customers of a shop. ${HONEST}`, {
    body: { tools: [search, orders] },
  }),
  asked(
    'agent: customer service, wordy and tools',
    `You serve customers of a shop. ${wordyRules('orders and deliveries')}`,
    { body: { tools: [search, orders, calendar] } },
  ),
  asked(
    'agent: coding, tools',
    'You are a coding agent. Read before you write. Run the tests after every change. Keep changes small. Explain in two sentences what you did.',
    { body: { tools: [files, search] } },
  ),
  asked(
    'agent: coding, reminders',
    repeated('You are a coding agent that works in the repository of the user.', [
      ...AGENT_RULES,
      'Always run the tests after a change of the code.',
      'Never commit generated files to the repository.',
    ]),
  ),
  asked(
    'agent: analyst, tools',
    'You answer questions about sales with SQL. Say which table a figure comes from. Round money to whole euros. Name the period.',
    { body: { tools: [sql, calendar] } },
  ),
  asked(
    'agent: browser, lean',
    'You operate a browser for a blind user. One action per turn, from: open(url), click(id), type(id, text), scroll(up|down), read(id), done(summary). Elements come as lines `[id] role "name" (state)`; ids change with every page, so use only those of the latest list. Before typing into a password field, ask the user. Before anything that buys, sends, deletes or publishes, read out what will happen with price and recipient, and wait for yes. Dialogs come first: while one is open, nothing else reacts. Cookie banners: reject what is optional. If a page needs a captcha, say so and stop. After three actions without a change of the page, try another way; after six, tell the user what stands in the way. Tables are read row by row with their headings. Long pages: give the headings first, then ask where to go on. Answers are spoken aloud, so no Markdown, no symbols, no links; at most four sentences. Numbers as words up to twelve. Keep the language of the user, whatever the page’s language.',
    { lean: true },
  ),
  asked(
    'agent: research, general rules said again',
    repeated('You are a research agent with access to a library.', [
      ...AGENT_RULES,
      'Always give the year and the author of a source.',
    ]),
  ),
  asked(
    'agent: home, drawn lines and shouting',
    `################################################\n#### SMART HOME AGENT ####\n################################################\n\n\n\nIMPORTANT!!!!! Please make sure to ask before unlocking any door!!!!!\n\n\n\nPlease make sure that you never switch off the freezer.\n\n\n\n################################################\n\n\n\nPlease note that it is very important that you answer in one sentence.\n\n\n\nIn order to save energy, please make sure to prefer the heat pump over the electric heater.\n\n\n\n################################################\n\n\n\nIn the event that nobody is at home, please make sure to turn the lights off.\n\n\n\n################################################\n\n\n\nUnder no circumstances should you ever open the garage at night. Please note that children may give commands for lights and music only. Please make sure that you read the list of rooms first.\n\n\n\n################################################\n`,
  ),
  asked(
    'agent: email, tools and litany',
    `You sort email. ${JSON_LITANY} Newsletters go to reading. Bills go to finance. ${JSON_LITANY}`,
    {
      body: {
        tools: [
          tool('move_mail', 'This tool can be used to move a mail to a folder of the mailbox.', {
            mail_id: string('The ID of the mail.'),
            folder: string(verboseField('folder', 'folder'), { enum: ['reading', 'finance', 'inbox', 'trash'] }),
            reason: string(verboseField('reason', 'reason')),
          }),
        ],
      },
    },
  ),
  asked(
    'agent: warehouse, nested schema',
    'You control orders of a warehouse. One call for each pallet. Never stack glass under metal.',
    {
      body: {
        tools: [
          tool(
            'place',
            'This function enables you to place a pallet in the racks. The racks were delivered by a well-known company. They are the pride of the site. Visitors often take pictures of them. The control software has been in operation for a long time.',
            {
              pallet_id: string('The ID of the pallet.'),
              position: {
                type: 'object',
                title: 'Position',
                additionalProperties: true,
                properties: titled({
                  aisle: { type: 'integer', description: verboseField('aisle', 'aisle') },
                  rack: { type: 'integer', description: verboseField('rack', 'rack') },
                  level: { type: 'integer', minimum: 0, maximum: 6, description: 'The level.' },
                }),
                required: ['aisle', 'rack', 'level'],
              },
              priority: string(verboseField('priority', 'priority'), { enum: ['low', 'high'] }),
            },
          ),
        ],
      },
    },
  ),
  asked(
    'agent: onboarding, said in two messages',
    `You welcome new colleagues.\n\n# Rules\n\n${AGENT_RULES.map((rule) => `- ${rule}`).join('\n')}\n\n\n\n# Reminders\n\n${AGENT_RULES.map((rule) => `- ${rule}`).join('\n')}`,
    {
      body: {
        messages: [
          {
            role: 'system',
            content: `You welcome new colleagues to the company.\n\n# Rules\n\n${AGENT_RULES.map((rule) => `- ${rule}`).join('\n')}`,
          },
          {
            role: 'system',
            content: `# Reminders\n\n${AGENT_RULES.map((rule) => `- ${rule}`).join('\n')}\n\n${AGENT_RULES.map((rule) => `Remember: ${rule}`).join('\n')}\n\nBe kind, use first names, and offer a tour of the building on the first day.`,
          },
          { role: 'user', content: 'Hello!' },
        ],
      },
    },
  ),
  asked(
    'agent: examples stay, lean',
    'You turn remarks into commands for a lamp. Commands: on, off, brighter, darker, colour NAME. When in doubt, none.\n\n## Examples\n\nInput:   it is far too dark in here\nOutput:  {"command":   "brighter"}\n\nInput:   I want to sleep now\nOutput:  {"command":   "off"}\n\nInput:   make it look like the sea\nOutput:  {"command":   "colour blue"}\n\nInput:   what a lovely lamp\nOutput:  {"command":   "none"}\n\nInput:   could you turn it down just a tiny bit, my eyes hurt\nOutput:  {"command":   "darker"}\n\nInput:   switch the thing on please, I have just come home\nOutput:  {"command":   "on"}\n\nInput:   I am reading, and the letters swim before my eyes\nOutput:  {"command":   "brighter"}\n\nInput:   never mind\nOutput:  {"command":   "none"}',
    { lean: true },
  ),
];
