// The outside: Express, the routes of the contract, the pass-through and the door.
export { createApp, type HttpParts } from './app.ts';
export { routesOf, type Access, type Route } from './routes.ts';
export { refuseConnection, refuseExpectation } from './client-error.ts';
export { createDoor, type Door } from './door.ts';
export { createHttpServer } from './server.ts';
export { createVisits, type Visits } from './visits.ts';
