//! What people of the city are called and say.

/// First names.
pub(super) const FIRST_NAMES: [&str; 48] = [
    "Aarti", "Abhijit", "Aditi", "Ajay", "Akash", "Amol", "Amruta", "Anand", "Anjali", "Ashok", "Ashwini",
    "Bharat", "Chetan", "Deepa", "Dinesh", "Farhan", "Ganesh", "Gauri", "Harish", "Imran", "Jyoti", "Kavita",
    "Kiran", "Lata", "Mahesh", "Manisha", "Meera", "Mohan", "Nasreen", "Neha", "Nilesh", "Pooja", "Prakash",
    "Priya", "Rahul", "Rajesh", "Rekha", "Sachin", "Salim", "Sandeep", "Sangeeta", "Shilpa", "Sunil",
    "Swati", "Tejas", "Usha", "Vijay", "Yogesh",
];

/// Last names.
pub(super) const LAST_NAMES: [&str; 40] = [
    "Bhosale",
    "Chavan",
    "Deshmukh",
    "Deshpande",
    "Gaikwad",
    "Ghorpade",
    "Gokhale",
    "Inamdar",
    "Iyer",
    "Jadhav",
    "Jagtap",
    "Joshi",
    "Kadam",
    "Kale",
    "Kamble",
    "Khan",
    "Kulkarni",
    "Londhe",
    "Mane",
    "Mhatre",
    "More",
    "Nair",
    "Naik",
    "Patel",
    "Patil",
    "Pawar",
    "Phadke",
    "Pillai",
    "Rao",
    "Reddy",
    "Sathe",
    "Sawant",
    "Shaikh",
    "Sharma",
    "Shinde",
    "Singh",
    "Tambe",
    "Thorat",
    "Wagh",
    "Yadav",
];

/// Streets of Pune.
pub(super) const STREETS: [&str; 20] = [
    "Apte Road",
    "Aundh Road",
    "Baner Road",
    "Bajirao Road",
    "Bhandarkar Road",
    "Dhole Patil Road",
    "Fergusson Road",
    "Ganeshkhind Road",
    "Jangali Maharaj Road",
    "Karve Road",
    "Laxmi Road",
    "Law College Road",
    "MG Road",
    "Nagar Road",
    "Paud Road",
    "Prabhat Road",
    "Satara Road",
    "Senapati Bapat Road",
    "Sinhagad Road",
    "Tilak Road",
];

/// What professionals say of themselves.
pub(super) const ABOUT: [&str; 6] = [
    "I have done this work for years, and I bring my own tools.",
    "A small team. We come on time, and we leave the place clean.",
    "Honest prices, told before the work begins.",
    "I learned the trade from my father, and I still like it.",
    "Certified, and glad to explain what is to be done and why.",
    "I work in the evenings and on weekends, too.",
];

/// What customers write beside what is to be done.
pub(super) const WISHES: [&str; 8] = [
    "Please bring what is needed.",
    "Third floor, there is a lift.",
    "Someone is at home the whole day.",
    "It has become worse since yesterday.",
    "The society asks for an entry at the gate.",
    "A price before the work begins would be good.",
    "We have had this before, and it came back.",
    "Please ring twice, the bell is low.",
];

/// What is written with five stars, and with four.
pub(super) const PRAISE: [&str; 8] = [
    "On time, friendly, and the work is good.",
    "Quick and clean. I will book again.",
    "Explained everything before beginning.",
    "A fair price, and no surprise at the end.",
    "Very polite, and took care of the floor.",
    "The best I have had in Pune.",
    "Did a little more than was asked.",
    "Good work.",
];

/// What is written with fewer.
pub(super) const COMPLAINTS: [&str; 6] = [
    "Came an hour late.",
    "The work is all right, but the place was left dirty.",
    "Had to come a second time.",
    "Not what I had expected for the price.",
    "Was in a hurry.",
    "It broke again after two days.",
];

/// What professionals write of customers.
pub(super) const OF_CUSTOMERS: [&str; 4] = [
    "Friendly, and everything was ready.",
    "Clear about what was wanted.",
    "A pleasure to work for.",
    "Had to wait at the gate for long.",
];

/// What is answered to a review.
pub(super) const REPLIES: [&str; 3] = [
    "Thank you, I am glad that you like it.",
    "Thank you. I am sorry for the delay.",
    "Please book again, I will put it right.",
];

/// What professionals write with a quote.
pub(super) const MESSAGES: [&str; 5] = [
    "I can bring the parts with me.",
    "I have done many of these.",
    "If it is less work than it seems, it costs less.",
    "I work nearby on that day.",
    "With a guarantee of one month.",
];

/// Why somebody objects.
pub(super) const OBJECTIONS: [&str; 3] = [
    "The work was not finished.",
    "I was charged for something that was not done.",
    "Something else broke by the work.",
];

/// What a group's work costs, in rupees: from, and to.
pub(super) fn rupees(group: &str) -> (i64, i64) {
    match group {
        "plumbing" | "electrical" | "gardening" | "tailoring-laundry" => (199, 1_200),
        "cleaning" | "pest-control" | "domestic-help" | "elder-child-care" => (399, 3_500),
        "air-conditioner" | "appliance-repair" | "computers-phones" | "vehicle-care" => (349, 2_500),
        "beauty-women" | "grooming-men" | "massage-wellness" | "fitness-yoga" | "tutoring" => (249, 2_200),
        "packers-movers" | "events-weddings" | "home-security" => (1_500, 15_000),
        "painting-waterproofing" | "renovation" => (2_000, 25_000),
        _ => (299, 2_500),
    }
}
