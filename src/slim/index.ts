// The front door of slimming: what a system prompt and the tools say more than once, or to nobody, is left out.
export { slim } from './slim.ts';
