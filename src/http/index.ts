// The outside: Express, the routes of the contract, the pass-through and the door.
export { createApp, routesOf, type Access, type HttpParts, type Route } from './app.ts';
export { createDoor, type Door } from './door.ts';
export { createHttpServer } from './server.ts';
export { createVisits, type Visits } from './visits.ts';
