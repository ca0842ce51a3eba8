// The front door of slimming: what a system prompt and the tools say more than once, or to nobody, is left out.
export { slim, type Saving, type SlimOptions, type Slimmed } from './slim.ts';
