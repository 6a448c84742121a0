import Classroom

/// The quizzes of `--demo`. Each has its own style of question ids, as load scripts name them.
enum DemoQuizzes {
    static func all(owner: String) -> [Quiz] {
        [everyday(owner: owner), planet(owner: owner), machines(owner: owner)]
    }

    /// Ids `q1` … `q10`: for the live session.
    static func everyday(owner: String) -> Quiz {
        quiz("demo-everyday", "Everyday mysteries", owner, ids: (1...10).map { "q\($0)" }, everydayQuestions)
    }

    /// Ids `q-1` … `q-10`: for `load-test-session-1` … `-5`.
    static func planet(owner: String) -> Quiz {
        quiz("demo-planet", "One planet, ten questions", owner, ids: (1...10).map { "q-\($0)" }, planetQuestions)
    }

    /// Ids `q0` … `q9`: for `load_test_session`.
    static func machines(owner: String) -> Quiz {
        quiz("demo-machines", "Bits and machines", owner, ids: (0...9).map { "q\($0)" }, machineQuestions)
    }

    private struct Draft {
        var question: String
        var options: [String]
        var correct: Int

        init(_ question: String, _ options: [String], correct: Int) {
            self.question = question
            self.options = options
            self.correct = correct
        }
    }

    private static func quiz(_ id: String, _ title: String, _ owner: String, ids: [String], _ drafts: [Draft]) -> Quiz {
        let questions = zip(ids, drafts).map { id, draft in
            Question(id: id, question: draft.question, options: draft.options, correctAnswer: .index(draft.correct))
        }
        return Quiz(id: id, title: title, questions: questions, createdBy: owner)
    }

    private static let everydayQuestions = [
        Draft(
            "Why does chopping an onion make you cry?",
            ["It is sad to lose an onion", "A gas from the cut cells stings your eyes", "Onion dust", "The smell tires the nose"],
            correct: 1),
        Draft(
            "What is the white stuff in a cloud?",
            ["Steam that you cannot see through", "Dust", "Tiny drops of water or crystals of ice", "Cold air"], correct: 2),
        Draft(
            "A mirror swaps left and right. Why not up and down?",
            ["It swaps neither: it swaps front and back", "Gravity", "Our eyes sit side by side", "Mirrors are made that way"], correct: 0),
        Draft(
            "Which of these weighs most?", ["A litre of milk", "A litre of olive oil", "A litre of ice", "A litre of honey"], correct: 3),
        Draft(
            "Why does bread go stale sooner in the fridge than on the table?",
            ["Cold makes its starch harden faster", "Fridges are damp", "It freezes a little", "It does not; that is a myth"], correct: 0),
        Draft(
            "What do you hear when you hold a seashell to your ear?",
            ["The sea", "Your blood", "The sounds around you, echoing inside it", "Air leaking out"], correct: 2),
        Draft(
            "In which of these can you not hear an alarm clock ring?",
            ["Under water", "In a vacuum", "In a block of ice", "In helium"], correct: 1),
        Draft(
            "How many of the 60 minutes before noon lie after a quarter to twelve?", ["15", "45", "14", "12"], correct: 0),
        Draft(
            "Which of your fingers has no middle bone?", ["The little finger", "The ring finger", "The index finger", "The thumb"],
            correct: 3),
        Draft(
            "Two coins make 30 cents. One of them is not a nickel. Which coins are they?",
            ["It cannot be done", "A quarter and a nickel", "Three dimes", "A quarter and a dime"], correct: 1),
    ]

    private static let planetQuestions = [
        Draft("Which ocean is the largest?", ["Atlantic", "Indian", "Pacific", "Arctic"], correct: 2),
        Draft("What share of the Earth's surface is covered by water?", ["About 50%", "About 60%", "About 70%", "About 85%"], correct: 2),
        Draft("Which of these countries reaches into both Europe and Asia?", ["Turkey", "Portugal", "Nepal", "Morocco"], correct: 0),
        Draft("Where does the sun rise earliest on a June morning?", ["Madrid", "Rome", "Oslo", "Cairo"], correct: 2),
        Draft("Which gas makes up most of the air?", ["Oxygen", "Nitrogen", "Carbon dioxide", "Argon"], correct: 1),
        Draft("Which desert is the largest of all, cold ones included?", ["Sahara", "Gobi", "Kalahari", "Antarctica"], correct: 3),
        Draft(
            "Which bird flies from pole to pole and back every year?", ["Arctic tern", "Snowy owl", "Emperor penguin", "Puffin"], correct: 0
        ),
        Draft("What causes the tides, above all?", ["Wind", "The Moon", "The Earth's core", "Warm currents"], correct: 1),
        Draft("On which continent are there no native snakes at all?", ["Europe", "Australia", "Antarctica", "South America"], correct: 2),
        Draft("If it is noon in Greenwich, where is it midnight?", ["Near New York", "Near Fiji", "Near Delhi", "Near Rio"], correct: 1),
    ]

    private static let machineQuestions = [
        Draft("How many values can one byte have?", ["8", "128", "255", "256"], correct: 3),
        Draft("What is binary 101010 in decimal?", ["21", "42", "52", "101"], correct: 1),
        Draft("Which of these sorts is fastest on a list that is already sorted?", ["Insertion", "Heap", "Selection", "Bogo"], correct: 0),
        Draft("What does a compiler not do?", ["Find type errors", "Translate", "Know what you meant", "Optimise"], correct: 2),
        Draft(
            "What is 0.1 + 0.2 in most programming languages?", ["0.3", "A little more than 0.3", "An error", "A little less than 0.3"],
            correct: 1),
        Draft(
            "A web page answers 404. What happened?", ["It moved for good", "You may not see it", "It was not found", "It crashed"],
            correct: 2),
        Draft(
            "What does a hash function give for the same input twice?", ["The same result", "Two results", "Its inverse", "Noise"],
            correct: 0),
        Draft("Which of these is a stack?", ["People at a bus stop", "A pile of plates", "A ring road", "A family tree"], correct: 1),
        Draft("How many times must you halve 1,000 names to be left with one?", ["About 10", "About 32", "About 100", "500"], correct: 0),
        Draft(
            "Who wrote down a program for Babbage's engine before any computer existed?",
            ["Alan Turing", "Grace Hopper", "Ada Lovelace", "George Boole"], correct: 2),
    ]
}
