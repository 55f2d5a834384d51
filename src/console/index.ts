export { consolePage } from './page.ts'
