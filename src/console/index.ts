export { consolePage } from './page.ts'
export { type RoomPagesOptions, roomPages } from './room-pages.ts'
