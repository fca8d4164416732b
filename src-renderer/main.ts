import { mount } from 'svelte'
import { config } from 'zod'
import './styles/tokens.css'
import './styles/base.css'
import AppView from './views/App.svelte'
import { App } from './state/app.svelte.ts'
import { Preferences } from './state/preferences.svelte.ts'
import { openWorkingStore } from './state/working-store.ts'
import { connectLab } from './wire/connect.ts'

// The page's policy forbids eval, which zod would otherwise try once for speed.
config({ jitless: true })

const target = document.getElementById('app')
if (target === null) throw new Error('index.html has no #app element')

const app = new App(connectLab, await openWorkingStore(), new Preferences(localStorage, navigator.languages))
mount(AppView, { target, props: { app } })
await app.start()
