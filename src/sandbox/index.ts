// The sandbox: simulated models behind a real OpenAI-compatible server on loopback, inside the process.
export { startSandbox, type Sandbox, type SandboxOptions } from './server.ts';
export { BEHAVIOURS, FAMILIES, SANDBOX_MODELS, type Behaviour } from './behaviour.ts';
