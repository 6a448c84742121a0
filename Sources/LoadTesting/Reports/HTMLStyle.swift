/// The report's style sheet. Six colours that colour-blind people can distinguish (after Okabe and Ito).
enum HTMLStyle {
    static let sheet = """

        :root { color-scheme: light dark; --paper: #fbfaf7; --card: #ffffff; --ink: #1d2125; --faint: #62686f; --line: #dfdcd4;
          --c1: #0063a8; --c2: #b85c00; --c3: #b3134a; --c4: #00725c; --c5: #6a4fb3; --c6: #5c6b00;
          --good: #00643c; --bad: #b00020; --mild: #8a5a00; --alert: #fff1d6; }
        @media (prefers-color-scheme: dark) { :root { --paper: #14171a; --card: #1c2024; --ink: #e8e6e1; --faint: #a2a8af; --line: #343a40;
          --c1: #63b3ee; --c2: #f0a04b; --c3: #ff7d9c; --c4: #4fcdb0; --c5: #b7a2f5; --c6: #c3d35a;
          --good: #5fd39b; --bad: #ff8c94; --mild: #f0c060; --alert: #3a2d12; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
        main { max-width: 1180px; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
        h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
        h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
        h2 small, figcaption span { color: var(--faint); font-weight: normal; font-size: .85rem; margin-left: .5rem; }
        header p { color: var(--faint); margin: .25rem 0 1rem; overflow-wrap: anywhere; }
        .badge { font-size: .85rem; font-weight: 600; padding: .15rem .6rem; border: 1.5px solid; border-radius: 1rem; vertical-align: middle;
          white-space: nowrap; }
        .good { color: var(--good); } .bad { color: var(--bad); } .mild { color: var(--mild); }
        .headlines { background: var(--alert); border-left: 4px solid var(--mild); margin: 0 0 1rem; padding: .6rem 1rem .6rem 2rem; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 0 0 1rem; }
        .tiles div, figure, section:not(.charts), details { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
        .tiles div { padding: .6rem .8rem; }
        dt { color: var(--faint); font-size: .85rem; } dd { margin: 0; font-size: 1.4rem; font-weight: 600; font-variant-numeric: tabular-nums; }
        dd small { display: block; font-size: .8rem; font-weight: normal; color: var(--faint); min-height: 1.2em; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: .75rem; margin-bottom: .75rem; }
        figure { margin: 0; padding: .75rem; min-width: 0; } figcaption { font-weight: 600; margin-bottom: .4rem; }
        svg { display: block; width: 100%; height: auto; }
        .grid { stroke: var(--line); stroke-width: 1; } .tick { fill: var(--faint); font-size: 12px; font-variant-numeric: tabular-nums; }
        .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; } .dashed.line { stroke-dasharray: 5 4; }
        .area { opacity: .14; stroke: none; }
        .c1 { --c: var(--c1); } .c2 { --c: var(--c2); } .c3 { --c: var(--c3); } .c4 { --c: var(--c4); } .c5 { --c: var(--c5); } .c6 { --c: var(--c6); }
        .line { stroke: var(--c); } .area, .dot { fill: var(--c); }
        .legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: .4rem 0 0; padding: 0; font-size: .85rem; }
        .legend i { display: inline-block; width: 1rem; border-top: 3px solid var(--c); vertical-align: middle; margin-right: .35rem; }
        .legend .dashed i { border-top-style: dashed; } .legend b { font-weight: normal; color: var(--faint); }
        .none { color: var(--faint); margin: .5rem 0; }
        section:not(.charts), details { padding: .75rem; margin-bottom: .75rem; } details section { border: 0; padding: .5rem 0 0; margin: 0; }
        summary { cursor: pointer; font-weight: 600; }
        .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
        th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; }
        .facts td, .errors td, .checks td { overflow-wrap: anywhere; } .checks td:first-child { white-space: nowrap; padding-right: 1rem; }
        .facts td:first-child { white-space: nowrap; padding-right: 1rem; }
        th { color: var(--faint); font-weight: 500; } .n { text-align: right; white-space: nowrap; overflow-wrap: normal; padding-left: .6rem; }
        tbody tr:last-child td { border-bottom: 0; } td:first-child { min-width: 1.5rem; } td:first-child:not(:last-child):not(.n) { max-width: 28rem; }
        @media (max-width: 40rem) { main { padding: 1rem .6rem 2rem; } table { font-size: .8rem; }
          .named td:first-child { min-width: 8rem; max-width: 8rem; overflow-wrap: anywhere; } .n { padding-left: .3rem; padding-right: .4rem; } }
        @media print { :root { font-size: 11px; color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --faint: #444; --line: #ccc;
          --c1: #0063a8; --c2: #b85c00; --c3: #b3134a; --c4: #00725c; --c5: #6a4fb3; --c6: #5c6b00; --good: #00643c; --bad: #b00020; --mild: #8a5a00; --alert: #fff1d6; }
          main { max-width: none; padding: 0; } figure, section, .tiles div { break-inside: avoid; } .charts { grid-template-columns: 1fr 1fr; }
          .scroll { overflow: visible; } body { font-size: 11px; } table { font-size: 9px; }
          th, td { overflow-wrap: anywhere; padding: .2rem .3rem .2rem 0; } .n { padding-left: .3rem; } }

        """
}
