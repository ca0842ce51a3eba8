// The outside: Express, the routes of the contract, the pass-through and the door.
export { createApp } from './app.ts';
export { refuseConnection, refuseExpectation } from './client-error.ts';
export { createDoor } from './door.ts';
export { createHttpServer } from './server.ts';
export { createVisits } from './visits.ts';
